"""Match one enterprise with every product: read its file softly, decide, price, rank, and keep the trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from chassis.core.call import timed
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339, today
from services.matching import documents, store
from services.matching.clients import Wanted
from services.matching.context import Context
from services.matching.domain.errors import ConsentEnded, MatchNotFound
from services.matching.domain.facts import Facts, Need
from services.matching.domain.leave import Leave
from services.matching.domain.match import Match, match_all
from services.matching.tables import StoredMatch
from services.matching.usecases.gather import gather


@dataclass(frozen=True, slots=True)
class MatchOrder:
    """An enterprise and its need; `as_of` is the book's date unless given."""

    enterprise: str
    need: Need
    as_of: date | None


def match(context: Context, order: MatchOrder) -> tuple[Facts, Match]:
    """Answer every product in force today for one enterprise. Nothing is stored yet."""
    with timed("facts"):
        facts = gather(context, [order.enterprise], order.as_of)
    day = today()
    with timed("match"), context.database.read() as session:
        shelf = context.shelves.on(session, day, kind_matters=order.need.kind is not None)
        return facts, match_all(shelf, facts, order.need, context.guide(session))[0]


def keep(session: Session, caller: Caller, facts: Facts, answered: Match, need: Need) -> dict[str, Any]:
    """Store a match with its trace and return the document that is shown."""
    now = datetime.now(UTC)
    answer = {"id": new_id("mat"), **documents.match(facts, answered, need), "created_at": rfc3339(now)}
    session.add(
        StoredMatch(
            id=answer["id"],
            client=caller.client,
            enterprise=answered.enterprise,
            as_of=facts.as_of,
            known_at=facts.known_at,
            catalogue=facts.catalogue,
            model=facts.model,
            facts=_used(answered),
            products={product.id: product.version for product in answered.products},
            answer=orjson.dumps(answer),
            created_at=now,
        )
    )
    return answer


def _used(answered: Match) -> dict[str, Any]:
    """Return what was known and used; with everything beside it where that is something else."""
    used, whole = dict(answered.facts), dict(answered.whole)
    return used if whole in ({}, used) else {**used, "with_everything": whole}


def recall(context: Context, caller: Caller, match_id: str) -> tuple[StoredMatch, Leave]:
    """Return a stored match, and leave to show it.

    It tells about the enterprise, so that a consent revoked since ends this too, and the read is recorded.
    """
    with context.database.read() as session:
        row = store.match(session, match_id)
    if not caller.owns(row.enterprise) and caller.client != row.client:
        raise MatchNotFound(f"There is no match {match_id} that you may see.", match=match_id)
    leave = context.profile.reread(Wanted([row.enterprise], row.as_of)).get(row.enterprise)
    if leave is None:
        raise ConsentEnded(
            "The enterprise's consent to financing-match is no longer in force; ask it for a new one.",
            enterprise=row.enterprise,
        )
    return row, leave


def as_told(caller: Caller, row: StoredMatch) -> bytes:
    """Return a stored answer as its reader is told it: to the enterprise itself what it could have been told (ADR 28).

    A match that another client ordered rests on what partners' files confirm; of that the enterprise is told nothing.
    """
    if not caller.owns(row.enterprise) or row.client == caller.client:
        return row.answer
    answer = orjson.loads(row.answer)
    answer["score"] |= {"evidence": None, "counted": None}
    return orjson.dumps(answer)


def marked(answer: bytes, leave: Leave) -> bytes:
    """Return a stored answer with what the enterprise disputes now: that is no part of what was stored."""
    return answer.rstrip()[:-1] + b',"disputes":' + orjson.dumps(leave.marks) + b"}"
