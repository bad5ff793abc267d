"""The one door to enterprises' files: whoever is not the owner needs a live consent and leaves a record.

Whatever gathers or shows something of an enterprise needs a `Permit`, and only this module makes one. What a consent
opens, and which reads are recorded and counted, says `rights/domain/resources.toml`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain
from time import perf_counter
from typing import Any

from sqlalchemy import ColumnElement, Connection, SQLColumnExpression

from chassis.core.call import add_timing
from chassis.core.errors import Refused
from chassis.core.identity import Caller
from chassis.data.database import batches
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import usual_day
from services.profile.book.domain.permit import Permit, Window, issue
from services.profile.rights import consent_store
from services.profile.rights.domain.consent import (
    Consent,
    ConsentRequired,
    Purpose,
    purpose_of,
)
from services.profile.rights.domain.resource import Resource, Terms, table
from services.profile.rights.usecases.count_reads import Reads

OWN = (Window(),)
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads what, and why, as the request says it; `part` names a part of the resource in the record."""

    caller: Caller
    resource: Resource
    purpose: str | None = None
    request_id: str | None = None
    as_of: date | None = None
    part: str | None = None

    @property
    def terms(self) -> Terms:
        """On what terms the resource is read."""
        return table()[self.resource]

    @property
    def what(self) -> str:
        """What the record calls the read."""
        return (self.resource if self.part is None else f"{self.resource}/{self.part}")[:LONGEST_NAME]


@dataclass(frozen=True, slots=True)
class Opened:
    """Files that were opened, their records that are not stored yet, and whether reads are counted till the commit."""

    permit: Permit
    records: Sequence[dict[str, Any]] = ()
    held: bool = False
    more: bool = False


def open_file(context: Context, connection: Connection, reading: Reading, enterprise: str) -> Permit:
    """Open one file and record the read, all in the caller's transaction.

    Raises `ConsentRequired`, before telling whether there is such an enterprise. Raises `ReadsUsedUp` where every
    consent that covers the read has been read as often as it allows.
    """
    opened = open_one(context, connection, reading, enterprise)
    record(connection, reading, opened.records)
    return opened.permit


def open_one(context: Context, connection: Connection, reading: Reading, enterprise: str) -> Opened:
    """Open one file as `open_file` does; whoever calls it sees to it that the reads are on `record`."""
    if reading.caller.owns(enterprise):
        return Opened(issue({enterprise: OWN}))
    purpose = purpose_of(reading.purpose)
    held = consent_store.consents_of(connection, reading.caller.client, enterprise)
    covering = _covering(context, connection, reading, held)
    if not covering:
        raise refused(reading)
    reads = _reads(context, connection, reading, covering)
    consent = reads.take(covering)
    if consent is None:
        raise reads.used_up(covering)
    return Opened(issue({enterprise: (consent.window,)}), [_access(context, reading, purpose, consent)], reads.held)


def open_files(context: Context, connection: Connection, reading: Reading, wanted: Sequence[str] | None) -> Permit:
    """Open those files that the reader has consent for, of the wanted ones or of all, and record each read.

    Raises `ConsentRequired` where files were named and every one of them is withheld, `ReadsUsedUp` where a consent
    covered one but was read as often as it allows.
    """
    purpose = purpose_of(reading.purpose)
    held = _by_enterprise(context, connection, reading, wanted)
    reads = _reads(context, connection, reading, chain.from_iterable(held.values()))
    live = {name: consent for name, consents in held.items() if (consent := reads.take(consents)) is not None}
    asked = dict.fromkeys(wanted) if wanted is not None else dict.fromkeys(sorted(live))
    own = {name for name in asked if reading.caller.owns(name)}
    opened = {name: OWN if name in own else (live[name].window,) for name in asked if name in own or name in live}
    if asked and not opened:
        if held:
            raise reads.used_up(chain.from_iterable(held.values()))
        raise refused(reading, withheld=len(asked))
    # Part by part: of a hundred thousand files the records would take ten times the room of the consents.
    for part in batches([live[name] for name in opened if name not in own]):
        record(connection, reading, [_access(context, reading, purpose, consent) for consent in part])
    return issue(opened, len(asked) - len(opened))


def open_again(context: Context, connection: Connection, reading: Reading, wanted: Sequence[str]) -> Permit:
    """Open those of some files that the reader may read now, for work whose reads all bear its own request's id.

    Each is recorded once: what this work has recorded is opened again as long as the consent of that read is live, and
    counted no second time, so that it can go on after a crash. Nothing is refused for a file that stays shut.
    """
    purpose = purpose_of(reading.purpose)
    held = _by_enterprise(context, connection, reading, wanted)
    before = consent_store.read_under(connection, reading.caller.client, reading.what, reading.request_id, wanted)
    again = {name: each for name, consents in held.items() for each in consents if each.id in before}
    fresh = {name: consents for name, consents in held.items() if name not in again}
    reads = _reads(context, connection, reading, chain.from_iterable(fresh.values()))
    live = {name: consent for name, consents in fresh.items() if (consent := reads.take(consents)) is not None}
    record(connection, reading, [_access(context, reading, purpose, consent) for consent in live.values()])
    opened = live | again
    windows = {name: (opened[name].window,) for name in wanted if name in opened}
    return issue(windows, len(wanted) - len(windows))


def open_to(
    context: Context, connection: Connection, reading: Reading, wanted: Sequence[str] | None = None
) -> list[str]:
    """Return by name the files (of the wanted ones, or all) that a consent opens to the reader, or its own.

    Whom to ask for: it opens none.
    """
    if reading.caller.enterprise is not None and reading.caller.owns(reading.caller.enterprise):
        return [reading.caller.enterprise]
    purpose_of(reading.purpose)
    return sorted(_by_enterprise(context, connection, reading, wanted))


def openable(
    context: Context, connection: Connection, reading: Reading, enterprises: Sequence[str], day: date
) -> list[str]:
    """Return whose files of these a consent opens to the reader as of a day, with a read left; it opens none."""
    held = consent_store.consents(connection, reading.caller.client, enterprises)
    covering = [consent for consent in _live(context, reading, held) if consent.window.shows(day)]
    reads = _reads(context, connection, reading, covering)
    return sorted({consent.enterprise for consent in covering if not reads.gone(consent)})


def open_each(
    context: Context, connection: Connection, readings: Sequence[tuple[str, Reading]], known: AbstractSet[str]
) -> list[Permit | Refused]:
    """Open the file of each of these requests, or tell why not; reads of known firms are recorded.

    All readings are by the same caller of the same resource for the same purpose: requests that share a turn.
    """
    first = readings[0][1]
    others = {name for name, _ in readings if not first.caller.owns(name)}
    held = _by_enterprise(context, connection, first, list(others)) if others else {}
    reads = _reads(context, connection, first, chain.from_iterable(held.values()))
    purpose = purpose_of(first.purpose) if others else Purpose.ASSESSMENT
    opened: list[Permit | Refused] = []
    records = []
    for name, reading in readings:
        consent = reads.take(held.get(name, ())) if name in others else None
        if name not in others:
            opened.append(issue({name: OWN}))
        elif consent is None:
            opened.append(reads.used_up(held[name]) if name in held else refused(reading))
        else:
            opened.append(issue({name: (consent.window,)}))
            if name in known:
                records.append(_access(context, reading, purpose, consent))
    record(connection, first, records)
    return opened


def open_days(
    context: Context, connection: Connection, reading: Reading, days: Mapping[str, Collection[date]]
) -> Permit:
    """Open files as of certain days each, such as those of a page of alerts, and record the read of each file.

    A day that no consent shows, or only one without a read left, stays shut, and nothing is refused for it. A file is
    read once, under the consent that shows most of its days; under another one too only where a day is still shut.
    """
    purpose = purpose_of(reading.purpose)
    held = consent_store.consents(connection, reading.caller.client, sorted(days))
    covering = list(_live(context, reading, held))
    reads = _reads(context, connection, reading, covering)
    opened: dict[str, tuple[Window, ...]] = {name: OWN for name in days if reading.caller.owns(name)}
    records = []
    for name, wanted in days.items():
        mine = [consent for consent in covering if consent.enterprise == name and not reads.gone(consent)]
        shut = {day for day in wanted if not _shown(opened.get(name, ()), day)}
        while mine and shut:
            best = max(mine, key=lambda consent: sum(map(consent.window.shows, shut)))
            shown = {day for day in shut if best.window.shows(day)}
            if not shown or reads.take([best]) is None:
                break
            opened[name] = (*opened.get(name, ()), best.window)
            records.append(_access(context, reading, purpose, best))
            mine.remove(best)
            shut -= shown
    record(connection, reading, records)
    return issue(opened, len(days) - len(opened))


def open_some(
    context: Context, connection: Connection, reading: Reading, enterprises: Sequence[str], day: date, most: int
) -> tuple[Permit, bool]:
    """Open those of some files that the reader may read as of a day, up to so many, and record each read.

    Nothing is refused for a file that stays shut, and nothing tells of it; returned is also whether more would open. A
    firm that reads its own file without a purpose opens no other.
    """
    opened = open_within(context, connection, reading, enterprises, day, most)
    record(connection, reading, opened.records)
    return opened.permit, opened.more


def open_within(
    context: Context, connection: Connection, reading: Reading, enterprises: Sequence[str], day: date, most: int
) -> Opened:
    """Open some files as `open_some` does; whoever calls it sees to it that the reads are on `record`."""
    if reading.purpose is None:
        return Opened(issue({}))
    purpose, opened = purpose_of(reading.purpose), dict[str, tuple[Window, ...]]()
    held = consent_store.consents(connection, reading.caller.client, sorted(enterprises))
    covering: dict[str, list[Consent]] = {name: [] for name in enterprises if reading.caller.owns(name)}
    for consent in _live(context, reading, held):
        if consent.window.shows(day):
            covering.setdefault(consent.enterprise, []).append(consent)
    reads = _reads(context, connection, reading, chain.from_iterable(covering.values()))
    records, more = list[dict[str, Any]](), False
    for name in sorted(covering):
        if len(opened) == most:
            more = True
            break
        if reading.caller.owns(name):
            opened[name] = OWN
        elif (taken := reads.take(covering[name])) is not None:
            opened[name] = (taken.window,)
            records.append(_access(context, reading, purpose, taken))
    return Opened(issue(opened), records, reads.held, more)


def may_open(
    context: Context, reading: Reading, enterprise: SQLColumnExpression[str], day: SQLColumnExpression[Any]
) -> ColumnElement[bool]:
    """Return in SQL whether a consent with a read left opens a row's enterprise as of the row's day.

    For choosing what `open_days` then opens: by itself it shows nothing, records nothing and keeps nobody waiting.
    """
    purpose, terms = purpose_of(reading.purpose), reading.terms
    return consent_store.opens(reading.caller.client, purpose, terms.fields, context.now(), enterprise, day)


def refused(reading: Reading, **members: Any) -> ConsentRequired:
    """Return the refusal of a reader without a consent."""
    purpose, terms = purpose_of(reading.purpose), reading.terms
    title = terms.title.en
    same = {"purpose": purpose, "resource": reading.resource, "fields": sorted(terms.fields), **members}
    if purpose not in terms.purposes:
        purposes = [str(each) for each in terms.purposes]
        detail = f"{purpose} opens no such thing: {title}. It is read for {' or '.join(purposes)}."
        return ConsentRequired(detail, purposes=purposes, **same)
    return ConsentRequired(
        f"No live consent lets {reading.caller.client} read this for {purpose}: {title}. The enterprise gives one with "
        f"POST /v1/consents, with the field {' or '.join(sorted(terms.fields))}.",
        **same,
    )


@contextmanager
def reading_transaction(context: Context) -> Iterator[Connection]:
    """Give a connection for one read of files and its record, and tell how long the commit took."""
    with context.database.connection(writes=True) as connection:
        yield connection
        start = perf_counter()
    add_timing(("commit", (perf_counter() - start) * 1000))


def _reads(context: Context, connection: Connection, reading: Reading, consents: Iterable[Consent]) -> Reads:
    return Reads(connection, consents if reading.terms.counted else (), context.now())


def _live(context: Context, reading: Reading, held: Iterable[Consent]) -> Iterator[Consent]:
    """Give the consents that open the resource for the purpose today, as of whatever day."""
    purpose, terms, today = purpose_of(reading.purpose), reading.terms, context.today()
    if purpose in terms.purposes:
        yield from (consent for consent in held if consent.covers(purpose, terms.fields, today))


def _covering(context: Context, connection: Connection, reading: Reading, held: Iterable[Consent]) -> list[Consent]:
    """Return those consents that cover the read, as of the day that it asks for."""
    live = list(_live(context, reading, held))
    if not any(consent.has_window for consent in live):
        return live
    # Without a day of its own a request is answered as of the book's.
    as_of = reading.as_of or usual_day(state_store.book(connection).date, context.today())
    return [consent for consent in live if consent.window.shows(as_of)]


def _by_enterprise(
    context: Context, connection: Connection, reading: Reading, wanted: Sequence[str] | None
) -> dict[str, list[Consent]]:
    found: dict[str, list[Consent]] = {}
    held = consent_store.consents(connection, reading.caller.client, wanted)
    for consent in _covering(context, connection, reading, held):
        found.setdefault(consent.enterprise, []).append(consent)
    return found


def _shown(windows: Iterable[Window], day: date) -> bool:
    return any(window.shows(day) for window in windows)


def record(connection: Connection, reading: Reading, accesses: Sequence[Mapping[str, Any]]) -> None:
    """Put reads on record, where those of the resource are recorded."""
    if accesses and reading.terms.recorded:
        consent_store.record(connection, accesses)


def _access(context: Context, reading: Reading, purpose: Purpose, consent: Consent) -> dict[str, Any]:
    return {
        "at": context.now(),
        "enterprise": consent.enterprise,
        "client": reading.caller.client,
        "actor": reading.caller.actor,
        "purpose": str(purpose),
        "consent": consent.id,
        "what": reading.what,
        "request_id": reading.request_id,
    }
