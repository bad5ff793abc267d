"""What each part of a batch was made from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("match_batch_parts", sa.Column("made_from", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("match_batch_parts", "made_from")
