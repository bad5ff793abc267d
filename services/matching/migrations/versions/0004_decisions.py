"""Past decisions of banks; what applications have taken of a product is found quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.BigInteger(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client", "reference", name="pk_decisions"),
    )
    op.create_index("ix_applications_product_state", "applications", ["product", "state"])


def downgrade() -> None:
    op.drop_index("ix_applications_product_state", "applications")
    op.drop_table("decisions")
