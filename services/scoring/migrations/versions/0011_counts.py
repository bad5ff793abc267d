"""What counts in a score: everything, or what is confirmed; null for what was stored before there was a choice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
TABLES = ("scores", "score_batches", "score_batch_parts")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("counts", sa.String(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "counts")
