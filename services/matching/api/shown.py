"""Rows and values as the JSON that clients see; what is stored as it was first shown is in `documents`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import orjson
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.moments import rfc3339, today, written
from chassis.data import jobs
from chassis.data.jobs import JobState
from services.matching import documents
from services.matching.domain.application import State, possible_moves
from services.matching.domain.churn import ChurnCurve, ObservedCurve, fitted, read_curves
from services.matching.domain.loan_offer import OfferState, expired
from services.matching.tables import (
    Application,
    ApplicationOffer,
    Batch,
    ChurnCurves,
    Decision,
    Plan,
    StoredMatch,
    WebhookDelivery,
    WebhookEndpoint,
)
from services.matching.usecases.apply import HandedIn
from services.matching.usecases.follow import Course, party
from services.matching.usecases.match import Told
from services.matching.usecases.notify import PENDING
from services.matching.usecases.quote_advance import Quote

Ordered = TypeVar("Ordered", Batch, Plan)
EVENT = ("number", "event", "state", "client", "party", "reason", "terms", "offer", "drawn_fen", "at")


def orders(
    session: Session, rows: Sequence[Ordered], show: Callable[[Ordered, JobState], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Show orders of a page, each with how far its job is."""
    states = jobs.states(session, [row.job for row in rows])
    return [show(row, states[row.job]) for row in rows]


def batch(row: Batch, job: JobState) -> dict[str, Any]:
    """Show an order to match many enterprises, and how far it is."""
    return {
        **_job(row.id, job),
        "need": row.need,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "created_at": rfc3339(row.created_at),
    }


def plan(row: Plan, job: JobState) -> dict[str, Any]:
    """Show an order of a plan, and how far it is."""
    return {
        **_job(row.id, job),
        "order": row.document,
        "as_of": row.as_of.isoformat() if row.as_of else None,
        "known_at": rfc3339(row.known_at),
        "created_at": rfc3339(row.created_at),
    }


def listed_match(row: StoredMatch) -> dict[str, Any]:
    """Show a stored match in a list: what was asked, and nothing that was answered."""
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "client": row.client,
        "need": orjson.loads(row.answer)["need"],
        "as_of": row.as_of.isoformat(),
        "created_at": rfc3339(row.created_at),
    }


def decision(row: Decision) -> dict[str, Any]:
    """Show a bank's decision as it came."""
    told = {name: getattr(row, name) for name in ("reference", "score", "amount_fen", "months", "approved")}
    return {**told, "decided_on": row.decided_on.isoformat()}


def trace(told: Told) -> dict[str, Any]:
    """Show what a match was made from."""
    return {"facts": told.facts, "products": told.products, "model": told.model, "catalogue": told.catalogue}


def dossier(handed_in: HandedIn, caller: Caller) -> dict[str, Any]:
    """Show a dossier with its applications."""
    applications = [{**application(each.row, caller), "existing": each.existing} for each in handed_in.applications]
    return {"dossier": handed_in.dossier, "applications": applications}


def application(row: Application, caller: Caller) -> dict[str, Any]:
    """Show an application as its parties see it, with the moves that the reader may make."""
    return {
        "id": row.id,
        "dossier": row.dossier,
        "enterprise": row.enterprise,
        "applicant": row.applicant,
        "bank": row.bank,
        "product": row.product,
        "product_version": row.product_version,
        "match": row.match,
        "need": row.need,
        "documents": row.documents,
        "state": row.state,
        "offer": row.offer,
        "terms": row.terms,
        "expires_on": written(row.expires_on),
        "drawn_fen": row.drawn_fen,
        "moves": possible_moves(State(row.state), party(row, caller), offer_expired=expired(row.expires_on, today())),
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }


def application_with_history(row: Application, course: Course, caller: Caller) -> dict[str, Any]:
    """Show an application with every move of it, who, when and why; and with every offer."""
    moves = [{name: getattr(event, name) for name in EVENT} for event in course.moves]
    return {**application(row, caller), "events": moves, "offers": [_loan_offer(each) for each in course.offers]}


def _loan_offer(row: ApplicationOffer) -> dict[str, Any]:
    over = row.state == OfferState.OPEN and expired(row.expires_on, today())
    return {
        "number": row.number,
        "state": "expired" if over else row.state,
        "document": row.document,
        "sha256": row.sha256,
        "expires_on": row.expires_on.isoformat(),
        "ledger_entry": row.ledger_entry,
        "made_at": rfc3339(row.made_at),
    }


def endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    """Show an endpoint, without its secret."""
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "enabled": row.put_aside is None,
        "put_aside": row.put_aside,
        "put_aside_at": written(row.put_aside_at),
        "sequence": row.sequence,
        "failures": row.failures,
        "due_at": written(row.due_at if row.failures and row.put_aside is None else None),
        "former_secret_until": written(row.former_until),
        "created_at": rfc3339(row.created_at),
    }


def delivery(row: WebhookDelivery, to: WebhookEndpoint | None) -> dict[str, Any]:
    """Show a delivery and what came of it; one that waits is due with its endpoint, and not while that is put aside."""
    due_at = None
    if row.state == PENDING and to is not None and to.put_aside is None:
        due_at = max(row.created_at, to.due_at or row.created_at)
    return {
        "id": row.id,
        "endpoint": row.endpoint,
        "sequence": row.sequence,
        "state": row.state,
        "attempts": row.attempts,
        "due_at": written(due_at),
        "last_status": row.last_status,
        "last_error": row.last_error,
        "created_at": rfc3339(row.created_at),
        "delivered_at": written(row.delivered_at),
        "message": orjson.loads(row.body),
    }


def churn_curves(row: ChurnCurves) -> dict[str, Any]:
    """Show the curves as they came, with the fitted share at each rate and the rate that earns most before any cost."""
    observed = read_curves(row.document)
    by_grade = fitted(observed)
    return {
        "id": row.id,
        "created_at": rfc3339(row.created_at),
        "curves": [_curve(curve, by_grade[curve.grades[0]]) for curve in observed],
    }


def quote(priced: Quote) -> dict[str, Any]:
    """Show an advance with its rate, line by line, and what it was priced from."""
    advance, receivable = priced.advance, priced.receivable
    return {
        "seller": priced.seller,
        "payer": priced.payer,
        "advance_fen": advance.advance_fen,
        "rate": float(advance.rate),
        "rate_lines": [documents.rate_line(line) for line in advance.lines],
        "discount_fen": advance.discount_fen,
        "payer_pd": receivable.payer_pd,
        "seller_pd": receivable.seller_pd,
        "dilution": float(receivable.dilution),
        "dilution_deviation": float(receivable.dilution_deviation),
        "as_of": priced.as_of.isoformat(),
        "counts": priced.counts,
    }


def _job(order_id: str, job: JobState) -> dict[str, Any]:
    return {
        "id": order_id,
        "state": job.state,
        "progress": {"done": job.done, "total": job.total},
        "problem": job.problem,
    }


def _curve(observed: ObservedCurve, curve: ChurnCurve) -> dict[str, Any]:
    best = curve.best(Decimal(0), Decimal(1))
    given = {Decimal(str(point.rate)): point.churn for point in observed.points}
    return {
        "grades": list(observed.grades),
        "points": [
            {"rate": float(rate), "churn": given[rate], "fitted": churn}
            for rate, churn in zip(curve.rates, curve.churn, strict=True)
        ],
        "best_rate": float(best[0]) if best else None,
    }
