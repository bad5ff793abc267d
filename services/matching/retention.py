"""What of this service's rows goes under which policy of `retention.toml`, each with what rests on it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from chassis.core.retention import Declared, declared
from chassis.data import ledger
from chassis.data.removal import Removal, answers, finished_jobs
from services.matching.settings import PACKAGE
from services.matching.store import TAKING
from services.matching.tables import (
    Application,
    ApplicationEvent,
    ApplicationOffer,
    Batch,
    BatchPart,
    Plan,
    StoredMatch,
    WebhookDelivery,
    WebhookEndpoint,
)
from services.matching.usecases.notify import DELIVERED, FAILED, PENDING

OVER = (DELIVERED, FAILED)


def policies() -> Declared:
    """Return what this service declares."""
    return declared(PACKAGE)


def removals() -> list[Removal]:
    """Return what goes, in the order in which it can: a job after the order that names it."""
    told = WebhookDelivery.state.in_(OVER)
    # What took of a product counts against its budget as long as it is published.
    ended = and_(Application.open_as.is_(None), Application.state.not_in(TAKING))
    return [
        answers("match-answers"),
        Removal("matches", StoredMatch.__table__, lambda before: StoredMatch.created_at < before),
        Removal("match-batches", Batch.__table__, lambda before: Batch.created_at < before, _with_parts, at_once=1),
        Removal("plans", Plan.__table__, lambda before: Plan.created_at < before, at_once=10),
        Removal(
            "applications",
            Application.__table__,
            lambda before: and_(ended, Application.updated_at < before),
            _with_course,
        ),
        Removal(
            "webhook-deliveries",
            WebhookDelivery.__table__,
            lambda before: and_(or_(told, _unwanted()), WebhookDelivery.created_at < before),
            _with_gaps,
        ),
        finished_jobs("match-jobs", Batch.job, Plan.job),
    ]


def _unwanted() -> ColumnElement[bool]:
    """Return the condition that a message waits for an endpoint that is put aside."""
    aside = select(WebhookEndpoint.id).where(WebhookEndpoint.put_aside.is_not(None))
    return and_(WebhookDelivery.state == PENDING, WebhookDelivery.endpoint.in_(aside))


def _with_gaps(session: Session, ids: Sequence[str]) -> None:
    """Use up numbers for messages that go before they got any: their receiver sees that something is missing."""
    bare = (WebhookDelivery.id.in_(ids), WebhookDelivery.sequence.is_(None))
    counts = select(WebhookDelivery.endpoint, func.count()).where(*bare).group_by(WebhookDelivery.endpoint)
    for endpoint, count in session.execute(counts.order_by(WebhookDelivery.endpoint)).all():
        mine = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint)
        session.execute(mine.values(sequence=WebhookEndpoint.sequence + count))


def _with_parts(session: Session, ids: Sequence[str]) -> None:
    """Take out the results of batches."""
    session.execute(delete(BatchPart).where(BatchPart.batch.in_(ids)))


def _with_course(session: Session, ids: Sequence[str]) -> None:
    """Take out moves and offers of applications, and let the ledger forget whose its entries about them were."""
    offers = ApplicationOffer.application.in_(ids)
    entered = select(ApplicationOffer.ledger_entry).where(offers, ApplicationOffer.ledger_entry.is_not(None))
    ledger.forget(session, [number for number in session.scalars(entered) if number is not None])
    session.execute(delete(ApplicationOffer).where(offers))
    session.execute(delete(ApplicationEvent).where(ApplicationEvent.application.in_(ids)))
