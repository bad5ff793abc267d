"""A consent says how often it may be read in a calendar month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("consents", sa.Column("most_reads_a_month", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("consents", "most_reads_a_month")
