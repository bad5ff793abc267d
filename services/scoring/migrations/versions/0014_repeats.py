"""What a batch was made from, so that a second one on the same facts is known as a repeat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("score_batches", sa.Column("facts_sha256", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("score_batches", "facts_sha256")
