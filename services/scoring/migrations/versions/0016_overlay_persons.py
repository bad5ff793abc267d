"""Which persons proposed and confirmed expert rules, where persons did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
COLUMNS = ("proposed_per", "confirmed_per")


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("overlay_versions", sa.Column(column, sa.String(), nullable=True))


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_column("overlay_versions", column)
