"""What ordered a job, as traces and logs name it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("ordered_in", sa.String(length=55), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "ordered_in")
