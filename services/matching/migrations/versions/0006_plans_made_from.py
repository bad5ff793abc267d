"""Each finished plan keeps every enterprise that it was made from, so that leave can be asked of all of them.

An allocation and an assignment speak of each in a line, and an order may name them. A dry run over all that may be read
lists only some: its totals can be shown to nobody any more, and go.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0006"
down_revision = "0005"

Answer = dict[str, Any]
PLANS = sa.table(
    "plans",
    sa.column("id", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("document", Json()),
    sa.column("answer", sa.LargeBinary()),
)
LISTS = ("lines", "excluded")
OF_NO_FIRM = ("lines", "version", "need", "as_of", "model")


def upgrade() -> None:
    _rewrite(_with_enterprises)


def downgrade() -> None:
    _rewrite(lambda _kind, _order, kept: kept["answer"])


def _with_enterprises(kind: str, order: Answer, answer: Answer) -> Answer:
    listed = {line["enterprise"] for name in LISTS for line in answer.get(name, [])}
    if kind == "dry-run" and order["enterprises"] is None:
        answer = {name: value for name, value in answer.items() if name in OF_NO_FIRM}
    return {"answer": answer, "made_from": sorted(listed | set(order.get("enterprises") or []))}


def _rewrite(rewritten: Callable[[str, Answer, Answer], Answer]) -> None:
    connection = op.get_bind()
    done = sa.select(PLANS.c.id).where(PLANS.c.answer.is_not(None))
    for plan in connection.scalars(done).all():
        row = connection.execute(sa.select(PLANS).where(PLANS.c.id == plan)).one()
        answer = rewritten(row.kind, row.document, json.loads(zlib.decompress(row.answer)))
        packed = zlib.compress(json.dumps(answer, ensure_ascii=False).encode(), level=1)
        connection.execute(sa.update(PLANS).where(PLANS.c.id == plan).values(answer=packed))
