"""Versions of the expert rules beside the model, with who proposed and who confirmed each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0010"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "overlay_versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rules", Json(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", Utc(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("confirmed_at", Utc(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_overlay_versions"),
    )


def downgrade() -> None:
    op.drop_table("overlay_versions")
