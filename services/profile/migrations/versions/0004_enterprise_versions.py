"""What was known of an enterprise since when, so that a past portrait can be drawn again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0004"
down_revision = "0003"

DESCRIBED = (
    *("name", "rating", "industry", "region", "size_class", "established_on"),
    *("employees", "revenue_fen", "assets_fen", "scope", "taxpayer"),
)


def upgrade() -> None:
    op.create_table(
        "enterprise_versions",
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("described", Json(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "known_at", name="pk_enterprise_versions"),
    )
    # What is known today is known since it was last said; what was said before it is lost.
    kinds: dict[str, Any] = dict.fromkeys(DESCRIBED, sa.String())
    kinds |= dict.fromkeys(("employees", "revenue_fen", "assets_fen"), sa.BigInteger())
    kinds |= {"established_on": sa.Date(), "updated_at": Utc(timezone=True), "synthetic": sa.Boolean()}
    names = ("id", "updated_at", "synthetic", *DESCRIBED)
    firms = sa.table("enterprises", *(sa.column(name, kinds.get(name, sa.String())) for name in names))
    versions = sa.table(
        "enterprise_versions",
        sa.column("enterprise", sa.String()),
        sa.column("known_at", Utc(timezone=True)),
        sa.column("described", Json()),
    )
    seen = op.get_bind().execute(sa.select(sa.table("book", sa.column("known_at", Utc(timezone=True))))).scalar_one()
    rows = [_version(row, seen) for row in op.get_bind().execute(sa.select(firms)).mappings()]
    if rows:
        op.bulk_insert(versions, rows)


def downgrade() -> None:
    op.drop_table("enterprise_versions")


def _version(row: sa.RowMapping, seen: datetime) -> dict[str, object]:
    described = {name: row[name] for name in (*DESCRIBED, "synthetic")}
    day = described["established_on"]
    return {
        "enterprise": row["id"],
        "known_at": min(row["updated_at"], seen),
        "described": {**described, "established_on": day.isoformat() if day else None},
    }
