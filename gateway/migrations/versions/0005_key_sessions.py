"""Sessions at the portal that an API key opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "key_sessions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("expires_at", Utc(timezone=True), nullable=False),
        sa.Column("ended_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_key_sessions"),
        sa.ForeignKeyConstraint(["key"], ["api_keys.id"], name="fk_key_sessions_key"),
    )
    op.create_index("ix_key_sessions_key", "key_sessions", ["key"])


def downgrade() -> None:
    op.drop_table("key_sessions")
