"""Disputes: opening one about an item of one's own file, deciding it, the clock of twenty days, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import polars as pl
from sqlalchemy.orm import Session

from chassis.core.errors import Forbidden
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from services.profile.book import departures, enterprise_store, import_store, state_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.departure import Cause, Departure, named, names_of
from services.profile.book.domain.evidence import dataset_of
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather
from services.profile.book.usecases.touch import note_changed
from services.profile.rights import dispute_store, ledger_entries, notice_store, tables
from services.profile.rights.domain.dispute import (
    DESCRIPTION,
    MARKED,
    MOST_OPEN,
    READERS_FOR,
    AlreadyDisputed,
    Correction,
    Decision,
    DecisionIncomplete,
    DisputeEnded,
    DisputeNotFound,
    NotRestated,
    Reason,
    RecordNotFound,
    State,
    TooManyDisputes,
    due,
    reminder_due,
)
from services.profile.rights.domain.notice import OPERATORS, Event, of_enterprise
from services.profile.rights.usecases.set_measure import REMOVED, end_measures_on
from services.profile.standards.spelling import identifier

ORIGIN = ("known_at", "version", "import_id")


@dataclass(frozen=True, slots=True)
class Wish:
    """What an enterprise disputes, and why: a record of a kind, or a field of its description."""

    kind: str
    reason: Reason
    statement: str
    record: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it stands: what it says, and the import that said so (None for a description)."""

    content: dict[str, Any]
    import_id: str | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What the operator found, how a wrong item was put right, and the written answer."""

    decision: Decision
    reply: str
    correction: Correction | None = None


def item_of(context: Context, enterprise: str, kind: str, record: str | None, field: str | None) -> Item:
    """Return an item of an enterprise's file as it stands now; raise `RecordNotFound`."""
    if kind == DESCRIPTION:
        return _described(context, enterprise, field)
    rows = _rows(context, enterprise, kind)
    found = rows.filter(named(dataset_of(kind), rows, [record] if record else []))
    if found.is_empty():
        raise RecordNotFound(f"The file has no record {record} of the kind {kind}; GET …/evidence lists them.")
    row = found.row(0, named=True)
    content = {name: value for name, value in row.items() if name not in ORIGIN}
    return Item(orjson.loads(orjson.dumps(content)), row["import_id"], row["known_at"])


def record_numbered(context: Context, caller: Caller, enterprise: str, kind: str, number: str) -> str:
    """Return the name of the one record with a document's number; raise `RecordNotFound` for none and for several.

    A source finds only what it has sent itself: the numbers of others' records are not for it to try out.
    """
    rows = _rows(context, enterprise, kind).filter(pl.col("number") == identifier(number))
    if caller.role != "operator":
        with context.database.read() as session:
            sent = import_store.senders(session, rows["import_id"].unique().to_list())
        rows = rows.filter(pl.col("import_id").is_in([each for each, (who, _) in sent.items() if who == caller.client]))
    found = names_of(dataset_of(kind), rows).unique().to_list()
    if len(found) == 1:
        return str(found[0])
    if found:
        raise RecordNotFound("Several records have this number; name the one that is meant by `record`.", records=found)
    raise RecordNotFound("The file has no record with this number.")


def open_dispute(context: Context, session: Session, caller: Caller, wish: Wish, item: Item) -> tables.Dispute:
    """Open a dispute about the caller's own file: from this transaction on, every read is marked."""
    if caller.role != "enterprise" or caller.enterprise is None:
        raise Forbidden("Only an enterprise disputes what its own file says.", role=caller.role)
    what = wish.record or wish.field or ""
    # Two at once would both find none: the book's row makes them take turns.
    state_store.book(session, lock=True)
    if Departure(caller.enterprise, wish.kind, what) in departures.departed(session, [caller.enterprise]):
        raise RecordNotFound(f"The file has no record {what} of the kind {wish.kind}; GET …/evidence lists them.")
    if dispute_store.open_disputes(session, caller.enterprise, wish.kind, what):
        raise AlreadyDisputed("This item is disputed already; that dispute is open.")
    if dispute_store.open_disputes(session, caller.enterprise) >= MOST_OPEN:
        raise TooManyDisputes(f"{MOST_OPEN} of your disputes are open; wait for their decision, or take some back.")
    now = context.now()
    row = tables.Dispute(
        id=new_id("dsp"),
        enterprise=caller.enterprise,
        kind=wish.kind,
        record=wish.record,
        field=wish.field,
        reason=wish.reason,
        statement=wish.statement,
        before=item.content,
        state=State.OPEN,
        opened_at=now,
        opened_by=caller.client,
        due_at=due(now),
        reminded=None,
        decided_at=None,
        decided_by=None,
        reply=None,
        correction=None,
    )
    session.add(row)
    session.flush()
    departures.change_files(session, [row.enterprise])
    facts = {"dispute": row.id, "kind": row.kind, "due_at": rfc3339(row.due_at)}
    notice_store.notify(session, {OPERATORS, *sent_by(session, item)}, Event.OPENED, row.enterprise, row.id, facts, now)
    _enter(session, "dispute-opened", row, caller, {"reason": row.reason})
    return row


def find(session: Session, caller: Caller, dispute_id: str, *, lock: bool = False) -> tables.Dispute:
    """Return a dispute to the enterprise that opened it or to an operator; to others there is none."""
    row = session.get(tables.Dispute, dispute_id, with_for_update=lock or None)
    if row is None or not (caller.owns(row.enterprise) or caller.role == "operator"):
        raise DisputeNotFound("There is no such dispute that you may see.", dispute=dispute_id)
    return row


def withdraw(context: Context, session: Session, caller: Caller, dispute_id: str) -> tables.Dispute:
    """Take a dispute back, also one with both views on record; the mark goes with it."""
    row = _held(session, caller, dispute_id)
    if not caller.owns(row.enterprise):
        raise Forbidden("The enterprise that opened a dispute takes it back; an operator decides it.")
    if row.state not in MARKED:
        raise DisputeEnded(f"This dispute has ended: {row.state}.", state=row.state)
    row.state, row.decided_at = State.WITHDRAWN, context.now()
    session.flush()
    departures.change_files(session, [row.enterprise])
    _enter(session, "dispute-withdrawn", row, caller, {})
    return row


def decide(
    context: Context, session: Session, caller: Caller, dispute_id: str, finding: Finding, item: Item | None
) -> tables.Dispute:
    """Decide a dispute, answer it in writing, and tell those who have to know.

    A correction by removal takes the record out of the book in this transaction; one by restating needs that the
    source has stated the item anew since. `item` is the item as it stands now, None where it is gone.
    """
    row = _undecided(session, caller, dispute_id)
    if (finding.decision is Decision.CORRECTED) != (finding.correction is not None):
        raise DecisionIncomplete("A correction says how: removed or restated; no other decision does.")
    now = context.now()
    if finding.correction is Correction.REMOVED:
        _remove(context, session, row, finding.reply, now)
    elif finding.correction is Correction.RESTATED and not _restated(row, item):
        raise NotRestated("The item still says what it said; let its source state it anew, then decide.")
    row.state, row.reply, row.correction = finding.decision.value, finding.reply, finding.correction
    row.decided_at, row.decided_by = now, caller.client
    session.flush()
    departures.change_files(session, [row.enterprise])
    _tell(session, row, item, now)
    _enter(session, "dispute-decided", row, caller, {"decision": row.state, "correction": row.correction})
    if finding.decision is Decision.CORRECTED:
        note_changed(session, [row.enterprise], row.kind)
    return row


def remind(context: Context) -> int:
    """Remind the operators of disputes whose term runs out; return how many reminders were due. May be repeated."""
    now, given = context.now(), 0
    with context.database.read() as session:
        if not dispute_store.any_open(session):
            return 0
    with context.database.begin() as session:
        for row in dispute_store.undecided(session):
            days = reminder_due(row.opened_at, row.reminded, now)
            if days is None:
                continue
            row.reminded, given = days, given + 1
            facts = {"dispute": row.id, "days_left": days, "due_at": rfc3339(row.due_at)}
            event = Event.DUE if days else Event.OVERDUE
            notice_store.notify(session, {OPERATORS}, event, row.enterprise, row.id, facts, now)
            if not days:
                notice_store.notify(session, {_owner(row)}, event, row.enterprise, row.id, facts, now)
    return given


def _held(session: Session, caller: Caller, dispute_id: str) -> tables.Dispute:
    """Return a dispute that nobody else changes until the transaction ends.

    The book's row comes first, as in every act on a file: whoever held a dispute and then waited for its firm would
    stop a repair, which takes them the other way round. Notices also become visible in the order of their ids so.
    """
    state_store.book(session, lock=True)
    return find(session, caller, dispute_id, lock=True)


def _undecided(session: Session, caller: Caller, dispute_id: str) -> tables.Dispute:
    row = _held(session, caller, dispute_id)
    if row.state != State.OPEN:
        raise DisputeEnded(f"This dispute has ended: {row.state}.", state=row.state)
    return row


def _remove(context: Context, session: Session, row: tables.Dispute, reply: str, now: datetime) -> None:
    """Let the record leave, with what rests on it: alerts, measures, views of it that were left on record before."""
    if row.record is None:
        raise DecisionIncomplete("A description is not removed; let its source state it anew, then decide: restated.")
    gone = [Departure(row.enterprise, row.kind, row.record)]
    departures.depart(session, gone, Cause.CORRECTED, row.id, now)
    context.peers.changed(session)
    if row.kind == public_record.DATASET.name:
        context.alerts.withdraw(session, row.enterprise, [row.before["number"]], now)
        end_measures_on(session, row.enterprise, row.before["number"], now, reason=REMOVED)
    by = (Correction.REMOVED, reply)
    dispute_store.end_disputes(session, row.enterprise, [row.record], now, kind=row.kind, by=by)


def _restated(row: tables.Dispute, item: Item | None) -> bool:
    if item is None:
        return False
    return item.content != row.before


def _tell(session: Session, row: tables.Dispute, item: Item | None, now: datetime) -> None:
    """Tell the enterprise the answer, and of a correction everybody who read the file while it was wrong."""
    facts = {"dispute": row.id, "kind": row.kind, "decision": row.state, "correction": row.correction}
    recipients = {_owner(row), *(sent_by(session, item) if item else ())}
    notice_store.notify(session, recipients, Event.DECIDED, row.enterprise, row.id, facts, now)
    if row.state == State.CORRECTED:
        readers = notice_store.readers(session, row.enterprise, now - READERS_FOR)
        notice_store.notify(session, readers, Event.CORRECTED, row.enterprise, row.id, facts, now)


def _owner(row: tables.Dispute) -> str:
    return of_enterprise(row.enterprise)


def sent_by(session: Session, item: Item) -> set[str]:
    """Return the client whose import said what an item says; nobody for a description."""
    if item.import_id is None:
        return set()
    return {client for client, _ in import_store.senders(session, [item.import_id]).values()}


def _enter(session: Session, event: str, row: tables.Dispute, caller: Caller, facts: dict[str, Any]) -> None:
    # Which record is disputed could be computed by whoever has the record.
    public = {"dispute": row.id, "kind": row.kind, **facts}
    sealed = {"item": row.record or row.field}
    ledger_entries.enter(session, event, row.enterprise, caller.client, public, sealed)


def _described(context: Context, enterprise: str, field: str | None) -> Item:
    if field not in enterprise_store.DESCRIBED:
        raise RecordNotFound(f"A description has the fields {', '.join(enterprise_store.DESCRIBED)}.")
    with context.database.read() as session:
        firm = enterprise_store.enterprise(session, enterprise)
    if firm is None:
        raise RecordNotFound("The book says nothing of this enterprise.")
    value = getattr(firm, field)
    return Item({field: value.isoformat() if isinstance(value, date) else value})


def _rows(context: Context, enterprise: str, kind: str) -> pl.DataFrame:
    with context.database.read() as session:
        state = state_store.book(session)
    moment = Moment(state.lake_version, date.max, departures=state.departures)
    evidence = gather(context, moment, Whole(Why.ACTS, (enterprise,)), [kind])
    rows: pl.DataFrame = getattr(evidence, kind.replace("-", "_"))
    return rows
