"""An import may name the day on which its source made the file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("imports", sa.Column("stated_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("imports", "stated_on")
