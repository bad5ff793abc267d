"""What each source said of an enterprise, so that an import of descriptions can be taken back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0016"
down_revision = "0015"

DESCRIBED = (
    *("name", "rating", "industry", "region", "size_class", "established_on"),
    *("employees", "revenue_fen", "assets_fen", "scope", "taxpayer"),
)


def upgrade() -> None:
    op.create_table(
        "enterprise_statements",
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("import_id", sa.String(length=40), nullable=True),
        sa.Column("said", Json(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "number", name="pk_enterprise_statements"),
    )
    op.create_index("ix_enterprise_statements_import_id", "enterprise_statements", ["import_id"])
    # Who said what before today was not kept: all that is known is one statement, by no import.
    kinds: dict[str, Any] = dict.fromkeys(DESCRIBED, sa.String())
    kinds |= dict.fromkeys(("employees", "revenue_fen", "assets_fen"), sa.BigInteger())
    kinds |= {"established_on": sa.Date()}
    firms = sa.table("enterprises", *(sa.column(name, kinds.get(name, sa.String())) for name in ("id", *DESCRIBED)))
    told = sa.table(
        "enterprise_statements",
        sa.column("enterprise", sa.String()),
        sa.column("number", sa.BigInteger()),
        sa.column("said", Json()),
    )
    rows = [
        {"enterprise": row["id"], "number": 1, "said": said}
        for row in op.get_bind().execute(sa.select(firms)).mappings()
        if (said := _said(row))
    ]
    if rows:
        op.bulk_insert(told, rows)


def downgrade() -> None:
    op.drop_table("enterprise_statements")


def _said(row: sa.RowMapping) -> dict[str, object]:
    known = {name: row[name] for name in DESCRIBED if row[name] is not None}
    return {name: value.isoformat() if name == "established_on" else value for name, value in known.items()}
