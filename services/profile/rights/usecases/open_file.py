"""The one door to an enterprise's file: whoever is not its owner needs a live consent and leaves a record.

Every function that reads a file asks for a `Permit`, and only this module makes one: a route that forgets the
consent cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import chain
from math import ceil
from time import perf_counter
from typing import Any

from sqlalchemy import Connection

from chassis.core.call import add_timing
from chassis.core.errors import Refused
from chassis.core.identity import Caller
from services.profile.book import store
from services.profile.book.context import Context
from services.profile.rights import consent_store
from services.profile.rights.domain.consent import (
    Consent,
    ConsentRequired,
    Field,
    Period,
    Purpose,
    ReadsUsedUp,
    purpose_of,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads what, and why, as the request says it."""

    caller: Caller
    field: Field
    what: str
    purpose: str | None = None
    request_id: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to read these enterprises' files, recorded where they are not the reader's own."""

    enterprises: tuple[str, ...]
    withheld: int = 0


def permit_one(context: Context, connection: Connection, reading: Reading, enterprise: str) -> Permit:
    """Return leave to read one file and record the read, all in the caller's transaction.

    Raises `ConsentRequired`, before telling whether there is such an enterprise; an owner gets `EnterpriseNotFound`.
    Raises `ReadsUsedUp` where every consent that covers the read has been read as often as it allows.
    """
    if reading.caller.owns(enterprise):
        return Permit((enterprise,))
    purpose = purpose_of(reading.purpose)
    held = consent_store.consents_of(connection, reading.caller.client, enterprise)
    covering = _covering(context, connection, reading, held)
    if not covering:
        raise refused(reading)
    reads = _Reads(context, connection, covering)
    consent = reads.take(covering)
    if consent is None:
        raise reads.used_up(covering)
    consent_store.record(connection, [_access(context, reading, purpose, consent)])
    return Permit((enterprise,))


def permit_many(context: Context, connection: Connection, reading: Reading, wanted: Sequence[str] | None) -> Permit:
    """Return leave to read those files that the reader has consent for, of the wanted ones or of all, and record it.

    Raises `ConsentRequired` where files were named and every one of them is withheld, `ReadsUsedUp` where a consent
    covered one but was read as often as it allows.
    """
    purpose = purpose_of(reading.purpose)
    held = _by_enterprise(context, connection, reading, wanted)
    reads = _Reads(context, connection, chain.from_iterable(held.values()))
    live = {name: consent for name, consents in held.items() if (consent := reads.take(consents)) is not None}
    asked = dict.fromkeys(wanted) if wanted is not None else dict.fromkeys(sorted(live))
    own = [name for name in asked if reading.caller.owns(name)]
    allowed = [name for name in asked if name in live or name in own]
    if asked and not allowed:
        if held:
            raise reads.used_up(chain.from_iterable(held.values()))
        raise ConsentRequired(_refusal(purpose, reading), purpose=purpose, field=reading.field, withheld=len(asked))
    records = [_access(context, reading, purpose, live[name]) for name in allowed if name not in own]
    if records:
        consent_store.record(connection, records)
    return Permit(tuple(allowed), len(asked) - len(allowed))


def permit_each(
    context: Context, connection: Connection, readings: Sequence[tuple[str, Reading]], known: AbstractSet[str]
) -> list[Refused | None]:
    """Return, for each of these requests, why its file may not be read, None where it may; record those of known firms.

    All readings are by the same caller for the same purpose and part: requests that share a turn.
    """
    first = readings[0][1]
    others = {name for name, _ in readings if not first.caller.owns(name)}
    held = _by_enterprise(context, connection, first, list(others)) if others else {}
    reads = _Reads(context, connection, chain.from_iterable(held.values()))
    purpose = purpose_of(first.purpose) if others else Purpose.ASSESSMENT
    refusals: list[Refused | None] = []
    records = []
    for name, reading in readings:
        consent = reads.take(held.get(name, ())) if name in others else None
        if consent is not None and name in known:
            records.append(_access(context, reading, purpose, consent))
        if name not in others or consent is not None:
            refusals.append(None)
        else:
            refusals.append(reads.used_up(held[name]) if name in held else refused(reading))
    if records:
        consent_store.record(connection, records)
    return refusals


def permit_again(context: Context, connection: Connection, reading: Reading, wanted: Sequence[str]) -> Permit:
    """Return leave to read once more what was derived from these files, of those that the reader has consent for.

    It is recorded, and uses up no consent's reads: nothing is told of the file that a counted read has not told.
    """
    held = _by_enterprise(context, connection, reading, wanted)
    allowed = [name for name in dict.fromkeys(wanted) if reading.caller.owns(name) or name in held]
    purpose = purpose_of(reading.purpose)
    others = [held[name][0] for name in allowed if not reading.caller.owns(name)]
    if others:
        consent_store.record(connection, [_access(context, reading, purpose, consent) for consent in others])
    return Permit(tuple(allowed), len(set(wanted)) - len(allowed))


def refused(reading: Reading) -> ConsentRequired:
    """Return the refusal of a reader without a consent."""
    purpose = purpose_of(reading.purpose)
    return ConsentRequired(_refusal(purpose, reading), purpose=purpose, field=reading.field)


class _Reads:
    """How many reads are left of those consents that limit them."""

    def __init__(self, context: Context, connection: Connection, consents: Iterable[Consent]) -> None:
        self._now, limited = context.now(), {each.id: each.limits for each in consents}
        self._left: dict[tuple[str, Period], int] = {}
        for period in Period:
            limits = {name: each[period] for name, each in limited.items() if period in each}
            made = consent_store.reads_since(connection, list(limits), period.start(self._now)) if limits else {}
            self._left |= {(name, period): most - made.get(name, 0) for name, most in limits.items()}

    def take(self, consents: Iterable[Consent]) -> Consent | None:
        """Return the first consent with a read left, which is then used; None where none has."""
        for consent in consents:
            if not self._gone(consent):
                for period in consent.limits:
                    self._left[consent.id, period] -= 1
                return consent
        return None

    def used_up(self, consents: Iterable[Consent]) -> ReadsUsedUp:
        """Return the refusal where none of these has a read left: until when, and by which limit."""
        # A consent waits for the longest of its periods that are used up; the reader for the first consent.
        waits = [(max(self._gone(each), key=lambda period: period.end(self._now)), each) for each in consents]
        period, first = min(waits, key=lambda wait: wait[0].end(self._now))
        most, possible = first.limits[period], period.end(self._now)
        return ReadsUsedUp(
            f"The enterprise allows {most} reads a {period}, and they were made; the next one is possible from "
            f"{possible:%Y-%m-%d} (UTC).",
            **{f"most_reads_a_{period}": most},
            retry_after=ceil((possible - self._now).total_seconds()),
        )

    def _gone(self, consent: Consent) -> list[Period]:
        return [period for period in consent.limits if self._left[consent.id, period] <= 0]


def _covering(context: Context, connection: Connection, reading: Reading, held: Iterable[Consent]) -> list[Consent]:
    """Return those consents that cover the read, as of the day that it asks for."""
    purpose, today = purpose_of(reading.purpose), context.now().date()
    live = [consent for consent in held if consent.covers(purpose, reading.field, today)]
    if not any(consent.has_window for consent in live):
        return live
    # Without a day of its own a request is answered as of the book's date.
    as_of = reading.as_of or min(store.book(connection).date or today, today)
    return [consent for consent in live if consent.shows(as_of)]


def _by_enterprise(
    context: Context, connection: Connection, reading: Reading, wanted: Sequence[str] | None
) -> dict[str, list[Consent]]:
    found: dict[str, list[Consent]] = {}
    held = consent_store.consents(connection, reading.caller.client, wanted)
    for consent in _covering(context, connection, reading, held):
        found.setdefault(consent.enterprise, []).append(consent)
    return found


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


def _refusal(purpose: Purpose, reading: Reading) -> str:
    return (
        f"No live consent lets {reading.caller.client} read {reading.field} for {purpose}; "
        "the enterprise gives one with POST /v1/consents."
    )


@contextmanager
def reading_transaction(context: Context) -> Iterator[Connection]:
    """Give a connection for one read of files and its record, and tell how long the commit took."""
    with context.database.connection(writes=True) as connection:
        yield connection
        start = perf_counter()
    add_timing(("commit", (perf_counter() - start) * 1000))
