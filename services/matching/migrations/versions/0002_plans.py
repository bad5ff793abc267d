"""A bank's churn curves, and plans that divide budgets over many enterprises."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "churn_curves",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_churn_curves"),
    )
    op.create_index("ix_churn_curves_client_id", "churn_curves", ["client", "id"], unique=False)
    op.create_table(
        "plans",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.UniqueConstraint("job", name="uq_plans_job"),
    )
    op.create_index("ix_plans_client_kind_id", "plans", ["client", "kind", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("plans")
    op.drop_table("churn_curves")
