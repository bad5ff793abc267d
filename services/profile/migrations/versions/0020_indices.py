"""The integrity index: its months, their cells, its members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "index_months",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("rules", sa.Date(), nullable=False),
        sa.Column("published_by", sa.String(length=128), nullable=False),
        sa.Column("published_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_index_months"),
    )
    op.create_table(
        "index_cells",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=8), nullable=False),
        sa.Column("firms", sa.BigInteger(), nullable=True),
        sa.Column("known", sa.BigInteger(), nullable=True),
        sa.Column("components", Json, nullable=True),
        sa.Column("change", Json, nullable=True),
        sa.ForeignKeyConstraint(["month"], ["index_months.month"], name="fk_index_cells_month_index_months"),
        sa.PrimaryKeyConstraint("month", "level", "region", "industry", name="pk_index_cells"),
    )
    op.create_table(
        "index_members",
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=8), nullable=False),
        sa.Column("points", Json, nullable=False),
        sa.PrimaryKeyConstraint("enterprise", name="pk_index_members"),
    )


def downgrade() -> None:
    for name in ("index_members", "index_cells", "index_months"):
        op.drop_table(name)
