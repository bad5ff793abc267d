"""Staff, revenue, assets, registered scope and kind of taxpayer of an enterprise."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for name in ("employees", "revenue_fen", "assets_fen"):
        op.add_column("enterprises", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("scope", "taxpayer"):
        op.add_column("enterprises", sa.Column(name, sa.String(), nullable=True))


def downgrade() -> None:
    for name in ("employees", "revenue_fen", "assets_fen", "scope", "taxpayer"):
        op.drop_column("enterprises", name)
