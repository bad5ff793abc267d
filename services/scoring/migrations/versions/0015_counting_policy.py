"""What counts for a client where its orders do not say, in versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "counting_policies",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("set_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("client", "version", name="pk_counting_policies"),
    )


def downgrade() -> None:
    op.drop_table("counting_policies")
