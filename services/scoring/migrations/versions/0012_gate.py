"""Why a model was approved although it had failed its gate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("models", sa.Column("exception", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("models", "exception")
