"""Names that invoices give to credit codes, by which the names on bank statements are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "party_names",
        sa.Column("party", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("import_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("party", "name", name="pk_party_names"),
    )


def downgrade() -> None:
    op.drop_table("party_names")
