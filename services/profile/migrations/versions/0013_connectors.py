"""Connectors that senders save themselves, as versions that never change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "saved_connectors",
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("declared", sa.String(), nullable=False),
        sa.Column("saved_at", Utc(timezone=True), nullable=False),
        sa.Column("retired_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("client", "name", "version", name="pk_saved_connectors"),
    )


def downgrade() -> None:
    op.drop_table("saved_connectors")
