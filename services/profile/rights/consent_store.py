"""Rows of consents and of the reads under them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from typing import cast as typed

from sqlalchemy import (
    ColumnElement,
    Connection,
    SQLColumnExpression,
    String,
    Table,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    text,
)

from chassis.core.ids import new_id
from chassis.core.moments import day_of
from chassis.data import ledger
from chassis.data.database import Runner, batches
from services.profile.rights import tables
from services.profile.rights.domain.consent import Consent, Field, Period, Purpose
from services.profile.rights.domain.resource import uncounted

CONSENTS = tables.Consent.__table__
LIVE = select(
    *(CONSENTS.c[name] for name in ("id", "enterprise", "grantee", "purposes", "fields", "valid_from", "valid_until")),
    *(CONSENTS.c[name] for name in ("as_of_from", "as_of_until", "most_reads_a_day", "most_reads_a_month")),
).where(CONSENTS.c.grantee == bindparam("grantee"), CONSENTS.c.revoked_at.is_(None))
# In one order, so that two who count never wait for each other.
COUNTING = text(
    "SELECT pg_advisory_xact_lock(7306, place) FROM ("
    "SELECT DISTINCT (hashtextextended(consent, 0) & 255)::int AS place "
    "FROM unnest(CAST(:consents AS text[])) AS consent ORDER BY place"
    ") AS places"
)
HELD = LIVE.order_by(CONSENTS.c.id).with_for_update(read=True)
HELD_OF = HELD.where(CONSENTS.c.enterprise.in_(bindparam("ids", expanding=True)))
HELD_OF_ONE = HELD.where(CONSENTS.c.enterprise == bindparam("id"))
RECORD = insert(typed("Table", tables.Access.__table__))


def consents(session: Runner, grantee: str, ids: Sequence[str] | None = None) -> Iterator[Consent]:
    """Give the unrevoked consents that a client holds, of all firms or of these.

    They stay as they are until the transaction ends: a revocation at the same moment waits, so that no read is
    recorded under a consent that had ended.
    """
    if ids is None:
        yield from (_consent(row) for row in session.execute(HELD, {"grantee": grantee}))
    else:
        for part in batches(ids):
            rows = session.execute(HELD_OF, {"grantee": grantee, "ids": list(part)})
            yield from (_consent(row) for row in rows)


def consents_of(session: Runner, grantee: str, enterprise_id: str) -> Iterator[Consent]:
    """Give the unrevoked consents that a client holds of one firm; they stay as in `consents`."""
    yield from (_consent(row) for row in session.execute(HELD_OF_ONE, {"grantee": grantee, "id": enterprise_id}))


def opens(
    grantee: str,
    purpose: Purpose,
    fields: Collection[Field],
    now: datetime,
    enterprise: SQLColumnExpression[str],
    day: SQLColumnExpression[Any],
) -> ColumnElement[bool]:
    """Return in SQL whether a live consent with a read left opens a row's enterprise as of the row's day."""
    table = tables.Consent
    return exists().where(
        table.enterprise == enterprise,
        table.grantee == grantee,
        table.revoked_at.is_(None),
        table.valid_from <= day_of(now),
        table.valid_until >= day_of(now),
        or_(table.as_of_from.is_(None), table.as_of_from <= day),
        or_(table.as_of_until.is_(None), table.as_of_until >= day),
        cast(table.purposes, String).like(f'%"{purpose}"%'),
        or_(*(cast(table.fields, String).like(f'%"{field}"%') for field in sorted(fields))),
        _has_left(table.most_reads_a_day, Period.DAY.start(now)),
        _has_left(table.most_reads_a_month, Period.MONTH.start(now)),
    )


def _has_left(most: SQLColumnExpression[Any], since: datetime) -> ColumnElement[bool]:
    table = tables.Access
    made = select(func.count()).where(
        table.consent == tables.Consent.id, table.at >= since, table.what.not_in(uncounted())
    )
    return or_(most.is_(None), made.scalar_subquery() < most)


def hold(connection: Connection, consents: Sequence[str]) -> None:
    """Keep others from counting the reads of these consents until this transaction ends.

    Two who count at once would both find the last read free. SQLite has one writer anyway. The locks are beside the
    consents' rows: all who count share those already, and would wait for one another for ever. There are few of them,
    since each takes a place in the server's memory: a consent belongs to one by its hash. Call it once a transaction.
    """
    if consents and connection.dialect.name == "postgresql":
        connection.execute(COUNTING, {"consents": list(consents)})


def reads_since(connection: Connection, consents: Sequence[str], since: datetime) -> dict[str, int]:
    """Return how many counted reads each of these consents has had since a moment; one without any is left out."""
    accesses = tables.Access
    looks = and_(accesses.at >= since, accesses.what.not_in(uncounted()))
    query = select(accesses.consent, func.count()).where(looks).group_by(accesses.consent)
    found: dict[str, int] = {}
    for part in batches(consents):
        found |= {row[0]: row[1] for row in connection.execute(query.where(accesses.consent.in_(part)))}
    return found


def read_under(session: Runner, client: str, what: str, request_id: str | None, enterprises: Sequence[str]) -> set[str]:
    """Return under which consents a client has read some of these files already for this request."""
    table = tables.Access
    mine = (table.client == client, table.what == what, table.request_id == request_id)
    found: set[str] = set()
    for part in batches(enterprises):
        found |= set(session.execute(select(table.consent).where(table.enterprise.in_(part), *mine)).scalars())
    return found


def record(session: Runner, accesses: Sequence[Mapping[str, Any]]) -> None:
    """Store reads; each becomes part of what its enterprise can see, and prove."""
    rows = [{"id": new_id("acc"), **access} for access in accesses]
    numbers = ledger.append(session, [_read_entry(row) for row in rows])
    session.execute(RECORD, [{**row, "ledger_entry": number} for row, number in zip(rows, numbers, strict=True)])


def _read_entry(row: Mapping[str, Any]) -> ledger.Entry:
    facts = {"access": row["id"], "purpose": row["purpose"], "what": row["what"]}
    # In plain, the consent would tell which of all entries are reads of one firm by one client.
    return ledger.Entry("access", row["enterprise"], row["client"], facts, {"consent": row["consent"]})


def _consent(row: Any) -> Consent:
    purposes, fields = _set(tuple(row[3])), _set(tuple(row[4]))
    return Consent(row[0], row[1], row[2], purposes, fields, row[5], row[6], None, *row[7:11])


@lru_cache(maxsize=256)
def _set(words: tuple[str, ...]) -> frozenset[str]:
    """Return the set of some words: nearly all consents name the same ones, and share them in memory."""
    return frozenset(words)


def reads_for(
    session: Runner, purpose: str, enterprises: Sequence[str], since: datetime, until: datetime
) -> set[tuple[str, str, date]]:
    """Return the reads of these firms' files for a purpose: whose, by whom, on which day."""
    table = tables.Access
    query = select(table.enterprise, table.client, table.at)
    looked = table.what.not_in(uncounted())
    query = query.where(table.purpose == purpose, table.at >= since, table.at <= until, looked)
    found: set[tuple[str, str, date]] = set()
    for part in batches(enterprises):
        rows = session.execute(query.where(table.enterprise.in_(part)))
        found |= {(row[0], row[1], day_of(row[2])) for row in rows}
    return found
