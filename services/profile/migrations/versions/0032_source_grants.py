"""Sources are granted what they may send. Those that are there keep what they have sent until now, and nothing more."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from chassis.core.ids import new_id
from chassis.data.database import Json, Utc

revision = "0032"
down_revision = "0031"

WHAT_IT_SENT = "What it had sent by this channel until the upgrade; until then nothing was asked."


def upgrade() -> None:
    grants = op.create_table(
        "source_grants",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("kinds", Json(), nullable=False),
        sa.Column("channels", Json(), nullable=False),
        sa.Column("enterprises", Json(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", Utc(timezone=True), nullable=False),
        sa.Column("ended_at", Utc(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_source_grants"),
    )
    op.create_index("ix_source_grants_client", "source_grants", ["client"])
    op.add_column("imports", sa.Column("granted", Json(), nullable=True))
    now = datetime.now(UTC)
    rows = [
        {
            "id": new_id("sgr"),
            "client": client,
            "kinds": sorted(kinds),
            "channels": [channel],
            "document": WHAT_IT_SENT,
            "granted_by": "migration",
            "granted_at": now,
        }
        for (client, channel), kinds in sorted(_sent().items())
    ]
    if rows:
        op.bulk_insert(grants, rows)


def _sent() -> dict[tuple[str, str], set[str]]:
    """Return the kinds that each client has sent by each channel; what enterprises say of themselves needs no grant."""
    names = ("id", "client", "kind", "channel")
    imports = sa.table("imports", *(sa.column(name, sa.String()) for name in names))
    stated = sa.table("outcomes", sa.column("import_id", sa.String()))
    others = imports.c.channel != "subject"
    columns = (imports.c.client, imports.c.channel)
    found = defaultdict[tuple[str, str], set[str]](set)
    for client, channel, kind in op.get_bind().execute(sa.select(*columns, imports.c.kind).where(others).distinct()):
        found[client, channel].add(kind)
    # A file of enterprises may have stated outcomes beside.
    both = sa.select(*columns).join_from(imports, stated, stated.c.import_id == imports.c.id)
    for client, channel in op.get_bind().execute(both.where(others).distinct()):
        found[client, channel].add("outcomes")
    return found


def downgrade() -> None:
    op.drop_column("imports", "granted")
    op.drop_index("ix_source_grants_client", "source_grants")
    op.drop_table("source_grants")
