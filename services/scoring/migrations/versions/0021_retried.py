"""Who had a job run again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("retried", Json(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "retried")
