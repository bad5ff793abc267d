"""Lists of one's own orders: by client, and of dry runs by their product."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0015"
down_revision = "0014"

PLANS = sa.table(
    "plans",
    sa.column("id", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("product", sa.String()),
    sa.column("document", Json()),
)
INDEXES = {"ix_matches_client_id": "matches", "ix_match_batches_client_id": "match_batches"}


def upgrade() -> None:
    op.add_column("plans", sa.Column("product", sa.String()))
    connection = op.get_bind()
    for row in connection.execute(sa.select(PLANS.c.id, PLANS.c.document).where(PLANS.c.kind == "dry-run")).all():
        mine = sa.update(PLANS).where(PLANS.c.id == row.id)
        connection.execute(mine.values(product=row.document["product"]["id"]))
    for name, table in INDEXES.items():
        op.create_index(name, table, ["client", "id"])


def downgrade() -> None:
    for name, table in INDEXES.items():
        op.drop_index(name, table)
    op.drop_column("plans", "product")
