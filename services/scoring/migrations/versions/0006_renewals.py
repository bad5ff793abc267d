"""Scores that are given anew after a correction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "renewals",
        sa.Column("score", sa.String(), nullable=False),
        sa.Column("renews", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("score", name="pk_renewals"),
    )
    op.create_index("ix_renewals_renews", "renewals", ["renews"])
    op.create_table(
        "renewal_cursor",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_renewal_cursor"),
    )


def downgrade() -> None:
    for table in ("renewal_cursor", "renewals"):
        op.drop_table(table)
