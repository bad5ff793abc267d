"""The queue of one endpoint: who may send to it just now, what comes next, and what follows from an attempt.

Whoever sends holds the endpoint by a lease that is longer than the longest attempt and is renewed with each, so two
messages to one endpoint are never under way at once, in whatever process. Messages go in the order of their numbers,
and one waits for the one before it. An endpoint whose messages fail for three days is put aside, and its client is told
at its other endpoints.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import orjson
import structlog
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from chassis.core.moments import rfc3339
from chassis.core.webhooks import PATIENCE_SECONDS, Letter, Outcome
from chassis.data import clock, presence
from services.matching.domain.endpoint import PUT_ASIDE, PutAside, pause
from services.matching.tables import WebhookDelivery, WebhookEndpoint
from services.matching.usecases import notify

# The longest attempt, four times over: the rest is for a database that is slow to take note.
LEASE_SECONDS = 4.0 * PATIENCE_SECONDS
NUMBERED_AT_ONCE = 1000
# No attempt, and no failure of the receiver: none of our keys opens the secret that signs.
UNREADABLE = Outcome(None, "no key opens the secret that signs it")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Due:
    """An endpoint with something to send; `proven` where its last attempt was taken."""

    id: str
    client: str
    proven: bool


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be sent next to an endpoint, with the sealed secrets that are in force, the newest first."""

    endpoint: str
    url: str
    secrets: tuple[str, ...]
    letter: Letter


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a parcel, when that began, and whether its sender would go on with the next."""

    parcel: Parcel
    outcome: Outcome
    at: datetime
    more: bool


def due(session: Session, at: datetime | None = None) -> list[Due]:
    """Return the endpoints that have something to send now and that nobody sends to, those that wait longest first.

    Who was served waits from then on, so that those with a backlog take turns, however many they are.
    """
    row = WebhookEndpoint
    proven = and_(row.failures == 0, row.delivered_at.is_not(None))
    waits = func.coalesce(row.due_at, row.created_at)
    free = select(row.id, row.client, case((proven, True), else_=False)).where(_free(at), _has_pending())
    return [Due(*each) for each in session.execute(free.order_by(waits, row.id)).all()]


def begin(session: Session, endpoints: Collection[str], holder: str, at: datetime | None = None) -> list[Parcel]:
    """Take endpoints and return what goes first to each; nothing where another has taken it, or nothing waits."""
    row = WebhookEndpoint
    mine = update(row).where(row.id.in_(endpoints), _free(at)).execution_options(synchronize_session=False)
    lease = mine.values(holder=holder, leased_until=clock.ahead(LEASE_SECONDS)).returning(row.id)
    taken = list(session.scalars(lease))
    return _next(session, list(session.scalars(select(row).where(row.id.in_(taken)).order_by(row.id))), holder)


def follow(session: Session, attempts: Collection[Attempt], holder: str) -> list[Parcel]:
    """Write down what came of attempts and return what goes next; nothing where no more is wanted, or after a failure.

    What was deleted meanwhile is gone: there is nothing to write down.
    """
    row, message = WebhookEndpoint, WebhookDelivery
    ids = sorted({each.parcel.endpoint for each in attempts})
    locked = select(row).where(row.id.in_(ids)).order_by(row.id).with_for_update(key_share=True)
    endpoints = {each.id: each for each in session.scalars(locked)}
    sent = select(message).where(message.id.in_([each.parcel.letter.id for each in attempts]))
    messages = {each.id: each for each in session.scalars(sent)}
    going_on = []
    for each in attempts:
        to, letter = endpoints.get(each.parcel.endpoint), messages.get(each.parcel.letter.id)
        if letter is not None:
            _note(letter, each)
        if to is None or to.holder != holder:  # deleted; or the lease ran out while we waited, and it is another's
            continue
        to.holder = to.leased_until = None
        if letter is not None and _settled(session, to, each):
            going_on.append(to)
    session.flush()
    return _next(session, going_on, holder)


def postpone(session: Session, endpoint: str) -> None:
    """Leave an endpoint alone for as long as a lease lasts: something of it cannot be read."""
    mine = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint)
    session.execute(mine.values(due_at=clock.ahead(LEASE_SECONDS)))


def give_back(session: Session, holder: str) -> None:
    """Free all endpoints of a process that is dead: what it had under way is sent again, under its id."""
    _give_back(session, holder)


def give_back_of_the_dead(session: Session) -> None:
    """Free the endpoints of processes of this machine that are no more, and that nobody saw die.

    Containers may share a host's name, and each counts its processes from 1: who was heard of just now lives.
    """
    holders = select(WebhookEndpoint.holder).where(WebhookEndpoint.holder.is_not(None)).distinct()
    known = presence.TABLE
    silent = known.c.beat_at <= clock.ahead(-presence.LATE_SECONDS)
    here = known.c.host == socket.gethostname()[:255]
    for name, pid in session.execute(select(known.c.name, known.c.pid).where(known.c.name.in_(holders), here, silent)):
        if not _runs(pid):
            _give_back(session, name)


def _note(message: WebhookDelivery, attempt: Attempt) -> None:
    message.attempts += attempt.outcome != UNREADABLE
    message.last_status, message.last_error = attempt.outcome.status, attempt.outcome.error
    if attempt.outcome.delivered:
        message.state, message.delivered_at = notify.DELIVERED, attempt.at


def _settled(session: Session, to: WebhookEndpoint, attempt: Attempt) -> bool:
    """Write down what an attempt says of its endpoint; tell whether more is sent there at once."""
    if attempt.outcome == UNREADABLE:
        to.due_at = clock.ahead(LEASE_SECONDS)
        return False
    if not attempt.outcome.delivered:
        _leave_alone(session, to, attempt.outcome)
        return False
    to.failures, to.due_at, to.delivered_at = 0, clock.now(), attempt.at
    return attempt.more


def _next(session: Session, endpoints: Sequence[WebhookEndpoint], holder: str) -> list[Parcel]:
    """Return for each endpoint the message with the lowest number that waits, and hold those that have one.

    Where none with a number waits, those without get theirs: they were left after all that have one.
    """
    found = _numbered(session, [each.id for each in endpoints])
    found |= _number(session, {each.id: each for each in endpoints if each.id not in found})
    parcels = []
    for to in endpoints:
        message = found.get(to.id)
        to.holder = holder if message else None
        to.leased_until = clock.ahead(LEASE_SECONDS) if message else None
        if message is not None:
            letter = Letter(message.id, message.sequence or 0, message.body)
            parcels.append(Parcel(to.id, to.url, _secrets(session, to), letter))
    return parcels


def _numbered(session: Session, endpoints: Collection[str]) -> dict[str, WebhookDelivery]:
    """Return the waiting message with the lowest number, by endpoint."""
    if not endpoints:
        return {}
    row, other = WebhookDelivery, aliased(WebhookDelivery)
    lowest = select(func.min(other.sequence)).where(other.state == notify.PENDING, other.endpoint == row.endpoint)
    waiting = select(row).where(row.state == notify.PENDING, row.endpoint.in_(endpoints))
    return {each.endpoint: each for each in session.scalars(waiting.where(row.sequence == lowest.scalar_subquery()))}


def _number(session: Session, endpoints: Mapping[str, WebhookEndpoint]) -> dict[str, WebhookDelivery]:
    """Give messages their numbers, in the order in which they were left, and write them into them; return the firsts.

    Only an endpoint's holder does, and what it sees has been committed: so no number is given twice or left out.
    """
    if not endpoints:
        return {}
    row = WebhookDelivery
    bare = select(row).where(row.state == notify.PENDING, row.endpoint.in_(endpoints), row.sequence.is_(None))
    firsts: dict[str, WebhookDelivery] = {}
    for message in session.scalars(bare.order_by(row.created_at, row.id).limit(NUMBERED_AT_ONCE)):
        to = endpoints[message.endpoint]
        to.sequence += 1
        message.sequence = to.sequence
        message.body = orjson.dumps({**orjson.loads(message.body), "sequence": to.sequence})
        firsts.setdefault(to.id, message)
    return firsts


def _secrets(session: Session, to: WebhookEndpoint) -> tuple[str, ...]:
    """Return the sealed secrets in force; the former one is forgotten when its overlap has ended."""
    if to.former_secret is None or to.former_until is None:
        return (to.secret,)
    if session.scalars(select(clock.now())).one() < to.former_until:
        return (to.secret, to.former_secret)
    to.former_secret = to.former_until = None
    return (to.secret,)


def _leave_alone(session: Session, endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    """Let an endpoint wait longer each time that it fails, and put it aside where that was long enough."""
    endpoint.failures += 1
    wait = pause(endpoint.failures)
    if outcome.status == HTTPStatus.GONE:
        _put_aside(session, endpoint, PutAside.GONE)
        session.execute(update(WebhookDelivery).where(_pending(endpoint.id)).values(state=notify.FAILED))
    elif wait is None:
        _put_aside(session, endpoint, PutAside.UNANSWERED)
    else:
        endpoint.due_at = clock.ahead(wait)


def _put_aside(session: Session, endpoint: WebhookEndpoint, why: PutAside) -> None:
    endpoint.put_aside, endpoint.put_aside_at = why, session.scalars(select(clock.now())).one()
    log.warning("endpoint put aside", endpoint=endpoint.id, why=why)
    said = {"endpoint": endpoint.id, "url": endpoint.url, "put_aside": why, "at": rfc3339(endpoint.put_aside_at)}
    session.flush()
    row = WebhookEndpoint
    others = select(row.id).where(row.client == endpoint.client, row.id != endpoint.id, row.put_aside.is_(None))
    for other in session.scalars(others.order_by(row.id).with_for_update(read=True, key_share=True)).all():
        notify.leave(session, other, endpoint.client, PUT_ASIDE, said)


def _free(at: datetime | None) -> ColumnElement[bool]:
    """Return the condition that an endpoint is enabled, has waited long enough, and is nobody's."""
    row, moment = WebhookEndpoint, at or clock.now()
    waited = or_(row.due_at.is_(None), row.due_at <= moment)
    return and_(row.put_aside.is_(None), waited, or_(row.leased_until.is_(None), row.leased_until <= clock.now()))


def _has_pending() -> ColumnElement[bool]:
    return exists().where(WebhookDelivery.state == notify.PENDING, WebhookDelivery.endpoint == WebhookEndpoint.id)


def _pending(endpoint: str) -> ColumnElement[bool]:
    return and_(WebhookDelivery.state == notify.PENDING, WebhookDelivery.endpoint == endpoint)


def _give_back(session: Session, holder: str, *which: ColumnElement[bool]) -> None:
    mine = update(WebhookEndpoint).where(WebhookEndpoint.holder == holder, *which)
    session.execute(mine.values(holder=None, leased_until=None))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def lateness(session: Session) -> float:
    """Return for how many seconds the oldest message that is due and not under way has been; 0 where none is.

    A message behind another is due when that one was delivered, so each endpoint's wait counts once.
    """
    row, message = WebhookEndpoint, WebhookDelivery
    left = select(func.min(message.created_at)).where(message.state == notify.PENDING, message.endpoint == row.id)
    query = select(clock.now(), row.due_at, row.delivered_at, left.scalar_subquery())
    waits = [0.0]
    for now, *moments in session.execute(query.where(_free(None), _has_pending())).all():
        waits.append((now - max(moment for moment in moments if moment is not None)).total_seconds())
    return max(waits)
