"""Setting joint incentives and restrictions (守信联合激励, 失信联合惩戒), ending them, telling which are in force."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import polars as pl
import rfc8785
from sqlalchemy import Select
from sqlalchemy.orm import Session

from chassis.core.errors import Forbidden
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.profile.book import enterprise_store, state_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.usecases.enrol import known, not_in_the_book
from services.profile.book.usecases.gather import gather
from services.profile.rights import ledger_entries, measure_store, tables
from services.profile.rights.domain.measure import (
    ImpossibleMeasure,
    Measure,
    MeasureNotFound,
    MeasureOver,
    State,
    checked,
    state_on,
)
from services.profile.rights.usecases.open_file import Reading, open_file
from services.profile.standards.days import day_of

KIND = public_record.DATASET.name
TERMS = tuple(Measure.__slots__)
REPAIRED = "the public record that it rested on was repaired / 所依据的公共信用信息已修复"
REMOVED = "the public record that it rested on was wrong and is removed / 所依据的公共信用信息经异议更正已移除"


def enact(context: Context, session: Session, caller: Caller, wish: Measure) -> tables.Measure:
    """Store a measure about a firm of the book, once its basis, scope, term and record have been checked."""
    now = context.now()
    measure = checked(wish, day_of(now))
    # Acts take the book's row first: an import that ends measures of many firms holds the ledger when it comes to this.
    state_store.book(session, lock=True)
    if not enterprise_store.hold(session, measure.enterprise):
        raise not_in_the_book()
    if measure.record is not None:
        _check_record(context, measure.enterprise, measure.record, day_of(now))
    terms = asdict(measure)
    digest = hashlib.sha256(rfc8785.dumps({name: _plain(value) for name, value in terms.items()})).hexdigest()
    scope = list(measure.scope)
    stored = tables.Measure(
        id=new_id("mea"), **{**terms, "scope": scope}, set_by=caller.client, set_at=now, terms_sha256=digest
    )
    session.add(stored)
    # Lists are public: by basis, days or document anybody could tell whose measure it is, so that all of it is sealed.
    sealed = {"terms_sha256": digest}
    ledger_entries.enter(session, "measure-set", stored.enterprise, caller.client, {"measure": stored.id}, sealed)
    return stored


def end(context: Context, session: Session, caller: Caller, measure_id: str, reason: str) -> tables.Measure:
    """End a measure at once, before its last day; it stays on file with the reason, for the firm alone."""
    now = context.now()
    state_store.book(session, lock=True)
    stored = measure_store.measure(session, measure_id)
    if stored is None:
        raise MeasureNotFound("There is no such measure.", measure=measure_id)
    state = state_of(stored, day_of(now))
    if state in {State.ENDED, State.EXPIRED}:
        raise MeasureOver(
            "This measure is over already; there is nothing left to end.",
            state=state,
            expires_on=stored.expires_on.isoformat(),
        )
    _end(session, stored, now, caller.client, reason)
    return stored


def end_measures_on(
    session: Session,
    enterprise: str,
    record_number: str,
    now: datetime,
    *,
    actor: str | None = None,
    reason: str = REPAIRED,
) -> list[tables.Measure]:
    """End all measures of a firm that rest on a public record, in the caller's transaction, and return them.

    For credit repair (信用修复管理办法: repair ends display, sharing and use) and a correction by removal. The caller
    holds the book's row, as whoever sets or ends a measure does.
    """
    # A measure and the repair of its record come one after the other: no measure is left resting on what is repaired.
    enterprise_store.hold(session, enterprise)
    ended = [
        stored
        for stored in measure_store.resting_on(session, enterprise, record_number)
        if state_of(stored, day_of(now)) in {State.PLANNED, State.IN_FORCE}
    ]
    for stored in ended:
        _end(session, stored, now, actor, reason)
    return ended


def of_firm(
    context: Context, session: Session, reading: Reading, enterprise: str, *, ended: bool = False
) -> tuple[Permit, Select[Any]]:
    """Open a firm's measures: the query of those in force; for the firm itself, with `ended`, also of those over.

    A third party needs a live consent and leaves a record, like every read of a file.
    """
    if ended and not reading.caller.owns(enterprise):
        raise Forbidden("Measures that are over are shown to the enterprise alone; leave `ended` out.")
    connection = session.connection()
    permit = open_file(context, connection, reading, enterprise)
    known(connection, enterprise)
    return permit, measure_store.of_firms(permit.enterprises, context.today(), ended=ended)


def of_all(context: Context, caller: Caller, *, planned: bool = False) -> Select[Any]:
    """Return the query of all measures in force, for the operator; with `planned` also of those that are to begin."""
    if caller.role != "operator":
        raise Forbidden("The operator lists all measures; read those of a firm that consents to you.", role=caller.role)
    return measure_store.of_all(context.today(), planned=planned)


def state_of(stored: tables.Measure, day: date) -> State:
    """Tell how a stored measure stands on a day."""
    terms = {name: getattr(stored, name) for name in TERMS}
    measure = Measure(**{**terms, "scope": tuple(stored.scope)})
    return state_on(measure, day, ended=stored.ended_at is not None)


def _check_record(context: Context, enterprise: str, record: str, day: date) -> None:
    """Raise `ImpossibleMeasure` where the firm's file has no such public record that may still be used."""
    with context.database.read() as session:
        version = state_store.book(session).lake_version
    rows = gather(context, Moment(version, day, None), Whole(Why.ACTS, (enterprise,)), {KIND}).public_records
    if rows.filter(pl.col("number") == record, public_record.live(day)).is_empty():
        raise ImpossibleMeasure(
            "The enterprise's file has no public record of this number that may still be used; import it first, "
            "or leave `record` out.",
            record=record,
        )


def _end(session: Session, stored: tables.Measure, now: datetime, client: str | None, reason: str) -> None:
    stored.ended_at, stored.ended_by, stored.ended_reason = now, client, reason
    # One of a few reasons would be guessed from its digest, were it not sealed.
    sealed = {"reason_sha256": hashlib.sha256(reason.encode()).hexdigest()}
    ledger_entries.enter(session, "measure-ended", stored.enterprise, client, {"measure": stored.id}, sealed)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
