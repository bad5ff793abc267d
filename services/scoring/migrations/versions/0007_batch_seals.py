"""Each score of a batch can be proved: salts and hashes of a part's scores, and the entry that holds their root.

Parts from before stay as they are: their entry has the digest of the whole, and no score of theirs is proved alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "score_batch_seals",
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("ledger_entry", sa.BigInteger(), nullable=False),
        sa.Column("salts", sa.LargeBinary(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("head", name="pk_score_batch_seals"),
        sa.ForeignKeyConstraint(
            ["head"], ["score_batch_parts.head"], name="fk_score_batch_seals_head_score_batch_parts"
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Salts and hashes do not compress at all.
        for column in ("salts", "hashes"):
            op.execute(f"ALTER TABLE score_batch_seals ALTER COLUMN {column} SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("score_batch_seals")
