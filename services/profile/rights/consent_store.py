"""Rows of consents and of the reads under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, and_, bindparam, func, insert, select, text

from chassis.core.ids import new_id
from chassis.data import ledger
from chassis.data.database import Runner, batches
from services.profile.rights import tables
from services.profile.rights.domain.consent import AGAIN, Consent

CONSENTS = tables.Consent.__table__
LIVE = select(
    *(CONSENTS.c[name] for name in ("id", "enterprise", "grantee", "purposes", "fields", "valid_from", "valid_until")),
    *(CONSENTS.c[name] for name in ("as_of_from", "as_of_until", "most_reads_a_day", "most_reads_a_month")),
).where(CONSENTS.c.grantee == bindparam("grantee"), CONSENTS.c.revoked_at.is_(None))
COUNTING = text("SELECT pg_advisory_xact_lock(hashtextextended(:consent, 0))")
HELD = LIVE.order_by(CONSENTS.c.id).with_for_update(read=True)
HELD_OF = HELD.where(CONSENTS.c.enterprise.in_(bindparam("ids", expanding=True)))
HELD_OF_ONE = HELD.where(CONSENTS.c.enterprise == bindparam("id"))
RECORD = insert(cast("Table", tables.Access.__table__))


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


def reads_since(connection: Connection, consents: Sequence[str], since: datetime) -> dict[str, int]:
    """Return how often a file was looked into under each of these consents, and hold others that count until done.

    Two who count at once would both find the last read free. SQLite has one writer anyway. The lock is beside the
    consent's row: all who count share that row already, and would wait for one another for ever.
    """
    accesses = tables.Access
    if connection.dialect.name == "postgresql":
        for consent in sorted(consents):
            connection.execute(COUNTING, {"consent": consent})
    looks = and_(accesses.at >= since, accesses.what != AGAIN)
    query = select(accesses.consent, func.count()).where(looks).group_by(accesses.consent)
    found: dict[str, int] = {}
    for part in batches(consents):
        found |= {row[0]: row[1] for row in connection.execute(query.where(accesses.consent.in_(part)))}
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
    return Consent(row[0], row[1], row[2], frozenset(row[3]), frozenset(row[4]), row[5], row[6], None, *row[7:11])


HARD_QUERY = "credit-assessment"


def hard_queries(
    session: Runner, enterprises: Sequence[str] | None, since: datetime, until: datetime
) -> set[tuple[str, str, date]]:
    """Return the reads that count as queries on a firm's credit: whose, by whom, on which day."""
    table = tables.Access
    query = select(table.enterprise, table.client, table.at)
    query = query.where(table.purpose == HARD_QUERY, table.at >= since, table.at <= until)
    rows: list[Any] = []
    for part in batches(enterprises) if enterprises is not None else [None]:
        rows += session.execute(query.where(table.enterprise.in_(part)) if part is not None else query).all()
    return {(row[0], row[1], row[2].date()) for row in rows}
