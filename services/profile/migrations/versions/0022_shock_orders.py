"""Shocks that are worked out as a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "shock_orders",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("said", Json, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("result", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_shock_orders"),
    )


def downgrade() -> None:
    op.drop_table("shock_orders")
