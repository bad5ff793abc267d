"""Joint incentives and restrictions: measures with their basis, scope and last day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "measures",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("list", sa.String(length=5), nullable=False),
        sa.Column("basis", sa.String(length=60), nullable=False),
        sa.Column("scope", Json(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("record", sa.String(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", Utc(timezone=True), nullable=False),
        sa.Column("terms_sha256", sa.String(length=64), nullable=False),
        sa.Column("ended_at", Utc(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_measures"),
    )
    op.create_index("ix_measures_enterprise_id", "measures", ["enterprise", "id"])


def downgrade() -> None:
    op.drop_table("measures")
