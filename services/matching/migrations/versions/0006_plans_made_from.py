"""Each finished plan keeps every enterprise that it was made from, so that leave can be asked of all of them.

An allocation and an assignment speak of each in a line; an order may also name some that were never read. A dry run
lists only some of those that it read: its totals can be shown to nobody any more, and go. Leave is asked for as of the
day that a plan or a batch was made for, which is kept where the order named none.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Answer = dict[str, Any]
PLANS = sa.table(
    "plans",
    sa.column("id", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("as_of", sa.Date()),
    sa.column("answer", sa.LargeBinary()),
)
BATCHES = sa.table("match_batches", sa.column("id", sa.String()), sa.column("as_of", sa.Date()))
PARTS = sa.table(
    "match_batch_parts",
    sa.column("batch", sa.String()),
    sa.column("number", sa.Integer()),
    sa.column("lines", sa.LargeBinary()),
)
LISTS = ("lines", "excluded")
OF_NO_FIRM = ("lines", "version", "need", "as_of", "model")


def upgrade() -> None:
    _rewrite(_with_enterprises)
    _keep_days_of_batches()


def downgrade() -> None:
    _rewrite(lambda _kind, kept: kept["answer"])


def _with_enterprises(kind: str, answer: Answer) -> Answer:
    listed = {line["enterprise"] for name in LISTS for line in answer.get(name, [])}
    if kind == "dry-run":
        answer = {name: value for name, value in answer.items() if name in OF_NO_FIRM}
    return {"answer": answer, "made_from": sorted(listed)}


def _keep_days_of_batches() -> None:
    connection = op.get_bind()
    for batch in connection.scalars(sa.select(BATCHES.c.id).where(BATCHES.c.as_of.is_(None))).all():
        first = sa.select(PARTS.c.lines).where(PARTS.c.batch == batch).order_by(PARTS.c.number).limit(1)
        packed = connection.scalar(first)
        lines = [] if packed is None else zlib.decompress(packed).splitlines()
        if lines and "as_of" in (line := json.loads(lines[0])):
            day = date.fromisoformat(line["as_of"])
            connection.execute(sa.update(BATCHES).where(BATCHES.c.id == batch).values(as_of=day))


def _rewrite(rewritten: Callable[[str, Answer], Answer]) -> None:
    connection = op.get_bind()
    done = sa.select(PLANS.c.id).where(PLANS.c.answer.is_not(None))
    for plan in connection.scalars(done).all():
        row = connection.execute(sa.select(PLANS).where(PLANS.c.id == plan)).one()
        stored = json.loads(zlib.decompress(row.answer))
        answer = rewritten(row.kind, stored)
        packed = zlib.compress(json.dumps(answer, ensure_ascii=False).encode(), level=1)
        day = row.as_of or _day(stored)
        connection.execute(sa.update(PLANS).where(PLANS.c.id == plan).values(answer=packed, as_of=day))


def _day(stored: Answer) -> date | None:
    return date.fromisoformat(stored["as_of"]) if "as_of" in stored else None
