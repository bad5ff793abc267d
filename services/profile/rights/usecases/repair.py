"""Credit repair: a public record leaves display, sharing and use in one transaction, with all that rests on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.profile.book import departures
from services.profile.book.context import Context
from services.profile.book.domain.departure import Cause, Departure
from services.profile.book.domain.display import tier_of
from services.profile.book.domain.public_record import DATASET
from services.profile.book.usecases.touch import note_changed
from services.profile.rights import dispute_store, ledger_entries, notice_store, tables
from services.profile.rights.domain.dispute import READERS_FOR, RecordNotFound
from services.profile.rights.domain.notice import Event, of_enterprise
from services.profile.rights.domain.repair import AlreadyRepaired, NotRepairable, RepairNotFound, check
from services.profile.rights.usecases.dispute import Item, sent_by
from services.profile.rights.usecases.set_measure import end_measures_on


@dataclass(frozen=True, slots=True)
class Decided:
    """What an authority decided: whose record is repaired, when, by which document."""

    enterprise: str
    record: str
    decided_on: date
    authority: str
    document: str


def repair(context: Context, session: Session, caller: Caller, decided: Decided, item: Item) -> tables.Repair:
    """Take a repaired record out of the book; raise where its tier does not allow it yet.

    From this transaction on it is in no answer, no portrait and no signal, as of whatever day and as known whenever.
    """
    now = context.now()
    if caller.role != "operator" and caller.client not in sent_by(session, item):
        raise RecordNotFound("You sent no such record; its own source says that it was repaired, or the operator.")
    if decided.decided_on > context.today():
        raise NotRepairable("The repair is decided in the future; send it on its day.")
    published = date.fromisoformat(item.content["published_on"])
    check(item.content["record"], item.content["tier"], published, decided.decided_on)
    row = tables.Repair(
        id=new_id("rep"),
        enterprise=decided.enterprise,
        record=decided.record,
        tier=tier_of(item.content["record"], item.content["tier"]) or "none",
        published_on=published,
        decided_on=decided.decided_on,
        authority=decided.authority,
        document=decided.document,
        client=caller.client,
        created_at=now,
    )
    # Also where two come at once: the second waits in `leave` and finds nothing there any more.
    if not leave(
        context, session, decided.enterprise, {decided.record: item.content["number"]}, row.id, caller.client, now
    ):
        raise AlreadyRepaired("The record has left the book already.")
    session.add(row)
    return row


def leave(
    context: Context,
    session: Session,
    enterprise: str,
    records: Mapping[str, str],
    act: str,
    client: str,
    now: datetime,
) -> list[Departure]:
    """Let repaired records (document number by name) leave, with the alerts, disputes and marks that rest on them.

    Everybody who read the file in the last twelve months is told that something in it was repaired, not what.
    """
    gone = [Departure(enterprise, DATASET.name, name) for name in records]
    left = departures.depart(session, gone, Cause.REPAIRED, act, now)
    if not left:
        return []
    context.peers.changed(session)
    context.alerts.withdraw(session, enterprise, {records[each.record] for each in left}, now)
    for each in left:
        end_measures_on(session, enterprise, records[each.record], now, actor=client)
    dispute_store.end_disputes(session, enterprise, [each.record for each in left], now)
    readers = {*notice_store.readers(session, enterprise, now - READERS_FOR), of_enterprise(enterprise)}
    notice_store.notify(session, readers, Event.REPAIRED, enterprise, act, {"records": len(left)}, now)
    for each in left:
        # The name could be computed by whoever has the record.
        ledger_entries.enter(session, "record-repaired", enterprise, client, {"act": act}, {"record": each.record})
    note_changed(session, [enterprise], DATASET.name)
    return left


def find(session: Session, caller: Caller, repair_id: str) -> tables.Repair:
    """Return a repair to the enterprise or to who may set one; to others there is none."""
    row = session.get(tables.Repair, repair_id)
    if row is None or not (caller.owns(row.enterprise) or caller.role == "operator" or caller.client == row.client):
        raise RepairNotFound("There is no such repair that you may see.", repair=repair_id)
    return row
