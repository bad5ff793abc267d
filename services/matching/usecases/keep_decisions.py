"""Keep a bank's decisions, from which its chance of approval is learnt: imported, corrected, or given here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.moments import today
from chassis.data.upsert import upsert
from services.matching import store
from services.matching.domain.approval import PastDecision
from services.matching.domain.counting import Counts
from services.matching.domain.errors import DecisionNotFound
from services.matching.domain.product import read_product
from services.matching.tables import Application, Decision, StoredMatch

MEMBERS = tuple(member.name for member in fields(PastDecision))


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """How many decisions were new, corrected or known as they are, and how many the bank has in all."""

    added: int
    corrected: int
    known: int
    decisions: int
    approved: int


def import_decisions(session: Session, caller: Caller, given: Sequence[PastDecision]) -> DecisionCounts:
    """Keep decisions by the bank's own reference: one that is known is corrected to what is said of it now."""
    by_reference = {decision.reference: decision for decision in given}
    mine = select(Decision).where(Decision.client == caller.client, Decision.reference.in_(list(by_reference)))
    known = {row.reference: _decision(row) for row in session.scalars(mine)}
    changed = {name: decision for name, decision in by_reference.items() if known.get(name) != decision}
    _keep(session, caller.client, list(changed.values()))
    query = select(Decision.approved, func.count()).where(Decision.client == caller.client).group_by(Decision.approved)
    counts = {bool(approved): count for approved, count in session.execute(query)}
    corrected = len(changed.keys() & known.keys())
    return DecisionCounts(
        added=len(changed) - corrected,
        corrected=corrected,
        known=len(given) - len(changed),
        decisions=sum(counts.values()),
        approved=counts.get(True, 0),
    )


def find_decision(session: Session, caller: Caller, reference: str) -> Decision:
    """Return one of a bank's decisions by its reference; raise DecisionNotFound."""
    row = session.get(Decision, (caller.client, reference))
    if row is None:
        raise DecisionNotFound(f"You have no decision {reference[:64]!r}.", reference=reference[:64])
    return row


def learn(session: Session, row: Application, *, approved: bool) -> None:
    """Keep what a bank has just decided of an application, under the application's id; the last word counts.

    It can be learnt from where the application came from a match with a score: the one that counts for the product.
    """
    score = _score(session, row)
    if score is None:
        return
    need = {name: row.need[name] for name in ("amount_fen", "months")}
    said = PastDecision(reference=row.id, score=score, approved=approved, decided_on=today(), **need)
    _keep(session, row.bank, [said])


def _score(session: Session, row: Application) -> int | None:
    match = None if row.match is None else session.get(StoredMatch, row.match)
    if match is None:
        return None
    told = orjson.loads(match.answer)["score"]
    version = store.product_version(session, row.product, row.product_version)
    if told.get("with_everything") and read_product(version.document).counts is Counts.EVERYTHING:
        told = told["with_everything"]
    return None if told["score"] is None else round(told["score"])


def _keep(session: Session, client: str, decisions: Sequence[PastDecision]) -> None:
    now = datetime.now(UTC)
    rows = [{"client": client, "created_at": now, **asdict(decision)} for decision in decisions]
    changing = [name for name in MEMBERS if name != "reference"]
    upsert(session, Decision, rows, ["client", "reference"], changing)


def _decision(row: Decision) -> PastDecision:
    return PastDecision(**{name: getattr(row, name) for name in MEMBERS})
