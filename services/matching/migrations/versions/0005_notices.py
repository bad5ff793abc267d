"""Up to which notice of the profile service the webhooks have been told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "notice_cursor",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_cursor"),
    )


def downgrade() -> None:
    op.drop_table("notice_cursor")
