"""Match one enterprise with every product: read its file softly, decide, price, rank, and keep the trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from chassis.core.call import timed
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import day_of, rfc3339, today
from services.matching import documents, store
from services.matching.clients import Wanted
from services.matching.context import Context
from services.matching.domain.eligibility import Shelf
from services.matching.domain.errors import ConsentEnded, MatchNotFound
from services.matching.domain.facts import Facts, Need
from services.matching.domain.leave import Leave
from services.matching.domain.match import Match, match_all
from services.matching.domain.trade_secret import Audience
from services.matching.tables import StoredMatch
from services.matching.usecases.gather import gather

# Beside what an enterprise that speaks for itself is told of a match that another client ordered (ADR 28).
OWN_VIEW = {
    "zh": "以下结果仅按贵企业自身档案、以现行模型计算：交易对方档案能否印证贵企业自行报送的数据，不向贵企业披露。"
    "查询方所见可能依据更多印证。",
    "en": "By your own file alone and the model that serves now: whether partners' files bear out what you state "
    "yourself is not told to you. What the other client was answered may rest on more.",
}


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


@dataclass(frozen=True, slots=True)
class Told:
    """A stored match as its reader is told it: the answer, and what it was made from."""

    answer: bytes
    facts: Mapping[str, Any]
    products: Mapping[str, int]
    model: str | None
    catalogue: str


def as_told(context: Context, caller: Caller, row: StoredMatch) -> Told:
    """Return a stored match as its reader is told it: to the enterprise itself what it could have been told (ADR 28).

    A match that another client ordered rests on what partners' files confirm. An enterprise that speaks for itself is
    told the same products by its own file instead, as of then, by the model that serves now.
    """
    stored = Told(row.answer, row.facts, row.products, row.model, row.catalogue)
    if not caller.owns(row.enterprise) or row.client == caller.client:
        return stored
    answer = orjson.loads(row.answer)
    if _own_word(answer["score"]):
        return _retold(context, row, answer)
    answer["score"] |= {"evidence": None, "counted": None}
    return replace(stored, answer=orjson.dumps(answer))


def _own_word(score: Mapping[str, Any]) -> bool:
    evidence = score.get("evidence") or {}
    return score.get("counted") is not None or "subject" in evidence.get("by_channel", ())


def _retold(context: Context, row: StoredMatch, answer: Mapping[str, Any]) -> Told:
    facts, need = gather(context, [row.enterprise], row.as_of, row.known_at), Need(**answer["need"])
    with context.database.read() as session:
        products = store.products_of(session, row.products)
        shelf = Shelf(products, day_of(row.created_at), kind_matters=need.kind is not None)
        answered = match_all(shelf, facts, need, context.guide(session))[0]
    told = {**documents.match(facts, answered, need), "own_view": OWN_VIEW}
    told["score"] |= {"evidence": None}
    told = {"id": row.id, **told, "created_at": answer["created_at"]}
    return Told(orjson.dumps(told), _used(answered), row.products, facts.model, facts.catalogue)


def marked(answer: bytes, leave: Leave, audience: Audience) -> bytes:
    """Return a stored answer as its reader is told it, with what the enterprise disputes now.

    Neither is a part of what was stored.
    """
    return orjson.dumps({**audience.match(orjson.loads(answer)), "disputes": leave.marks})
