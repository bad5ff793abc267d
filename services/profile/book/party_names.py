"""Names that invoices give to credit codes: what is public of a firm, and of no person."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from services.profile.book import store, tables, withdrawals

LONGEST = 256


def of(session: Runner, parties: Sequence[str]) -> list[tuple[str, str]]:
    """Return these parties with the names that invoices gave them, but for those of imports that were taken back."""
    table, gone = tables.PartyName, withdrawals.going(session)
    found: list[tuple[str, str]] = []
    for part in batches(parties):
        query = select(table.party, table.name, table.import_id).where(table.party.in_(part))
        found += [(party, name) for party, name, told in session.execute(query) if told not in gone]
    return sorted(found)


def keep(session: Session, names: Collection[tuple[str, str]], import_id: str) -> None:
    """Note the names of parties that an import gives; a name that is known stays with the import that brought it."""
    known = set(of(session, sorted({party for party, _ in names})))
    new = sorted(pair for pair in names if pair not in known and len(pair[1]) <= LONGEST)
    rows = [{"party": party, "name": name, "import_id": import_id} for party, name in new]
    store.upsert(session, tables.PartyName, rows, ["party", "name"], ["import_id"])
