"""Peer figures that a worker has finished, and from which moment on they are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "peer_baselines",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("published_at", Utc(timezone=True), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("made_at", Utc(timezone=True), nullable=False),
        sa.Column("current_to", Utc(timezone=True), nullable=False),
        sa.Column("heard_at", Utc(timezone=True), nullable=False),
        sa.Column("catalogue", sa.String(length=80), nullable=False),
        sa.Column("figured", sa.BigInteger(), nullable=False),
        sa.Column("traded", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.String(length=80), nullable=True),
        sa.Column("parts", Json, nullable=True),
        sa.PrimaryKeyConstraint("day", "published_at", name="pk_peer_baselines"),
    )


def downgrade() -> None:
    op.drop_table("peer_baselines")
