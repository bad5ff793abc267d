"""How far a long job came, so that whoever takes it over goes on there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("checkpoint", Json(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "checkpoint")
