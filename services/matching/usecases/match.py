"""Match one enterprise with every product: read its file softly, decide, price, rank, and keep the trace."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.orm import Session

from chassis.core.call import timed
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.matching import store, tables
from services.matching.clients import Disputes
from services.matching.context import Context
from services.matching.domain.errors import ConsentEnded, MatchNotFound
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Match, match_all
from services.matching.usecases.gather import gather

# Products are offered by banks in China: their day is the day there.
BANKS_TIME = ZoneInfo("Asia/Shanghai")


def match(context: Context, enterprise: str, need: Need, as_of: date | None) -> tuple[Facts, Match]:
    """Answer every product in force today for one enterprise. Nothing is stored yet."""
    with timed("facts"):
        facts = gather(context, [enterprise], as_of)
    day = today()
    with timed("match"), context.database.read() as session:
        shelf = context.shelves.on(session, day, kind_matters=need.kind is not None)
        return facts, match_all(shelf, facts, need, context.guide(session))[0]


def keep(session: Session, caller: Caller, facts: Facts, found: Match, need: Need) -> dict[str, Any]:
    """Store a match with its trace and return what is shown."""
    now = datetime.now(UTC)
    answer = {"id": new_id("mat"), **shown(facts, found, need), "created_at": now.isoformat()}
    session.add(
        tables.StoredMatch(
            id=answer["id"],
            client=caller.client,
            enterprise=found.enterprise,
            as_of=facts.as_of,
            known_at=facts.known_at,
            catalogue=facts.catalogue,
            model=facts.model,
            facts=dict(found.facts),
            products={product.id: product.version for product in found.products},
            answer=orjson.dumps(answer),
            created_at=now,
        )
    )
    return answer


def recall(context: Context, caller: Caller, match_id: str) -> tuple[bytes, dict[str, Any]]:
    """Return a stored match as it was shown, and its trace.

    It tells about the enterprise, so that a consent revoked since ends this too, and the read is recorded.
    """
    with context.database.read() as session:
        row = store.match(session, match_id)
    if not caller.owns(row.enterprise) and caller.client != row.client:
        raise MatchNotFound(f"There is no match {match_id} that you may see.", match=match_id)
    marks = context.profile.readable([row.enterprise]).get(row.enterprise)
    if marks is None:
        raise ConsentEnded(
            "The enterprise's consent to financing-match is no longer in force; ask it for a new one.",
            enterprise=row.enterprise,
        )
    return marked(row.answer, marks), trace(row)


def marked(answer: bytes, marks: Disputes) -> bytes:
    """Return a stored answer with what the enterprise disputes now: that is no part of what was stored."""
    return answer.rstrip()[:-1] + b',"disputes":' + orjson.dumps(marks) + b"}"


def trace(row: tables.StoredMatch) -> dict[str, Any]:
    """What a match was made from: facts, product versions, model and catalogue."""
    return {"facts": row.facts, "products": row.products, "model": row.model, "catalogue": row.catalogue}


def shown(facts: Facts, found: Match, need: Need) -> dict[str, Any]:
    """The answer for one enterprise, in one form for one or many."""
    known = found.facts
    scored = known.get("score") is not None
    return {
        "enterprise": found.enterprise,
        "need": need.as_json(),
        "as_of": facts.as_of.isoformat(),
        "known_at": facts.known_at.isoformat(),
        "score": {
            **{name: known.get(name) for name in ("score", "grade", "pd", "depth")},
            "model": facts.model if scored else None,
            "features_sha256": known.get("features_sha256"),
            "problem": None if scored else facts.problem or "not-enough-data",
        },
        "offers": [offer.as_json() for offer in found.offers],
        "refusals": [refusal.as_json() for refusal in found.refusals],
    }


def today() -> date:
    """The banks' date."""
    return datetime.now(BANKS_TIME).date()
