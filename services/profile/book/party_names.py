"""Names that invoices give to credit codes: what is public of a firm, and of no person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from chassis.data.upsert import upsert
from services.profile.book import tables, withdrawals
from services.profile.book.domain.channel import Channel

LONGEST = 256


@dataclass(frozen=True, slots=True, order=True)
class PartyName:
    """A name of a party; `by` is the enterprise whose own word alone it is, None where another source gives it."""

    party: str
    name: str
    by: str | None = None


def of(session: Runner, parties: Sequence[str]) -> list[PartyName]:
    """Return the names that invoices gave these parties, but for those of imports that were taken back."""
    table, order, gone = tables.PartyName, tables.Import, withdrawals.going(session)
    found: list[PartyName] = []
    for part in batches(parties):
        query = select(table.party, table.name, table.import_id, order.channel, order.enterprise)
        rows = session.execute(query.join(order, order.id == table.import_id).where(table.party.in_(part)))
        found += [
            PartyName(party, name, firm if channel == Channel.SUBJECT else None)
            for party, name, told, channel, firm in rows
            if told not in gone
        ]
    return sorted(found, key=lambda each: (each.party, each.name))


def keep(session: Session, names: Collection[tuple[str, str]], import_id: str, *, own: bool = False) -> None:
    """Note the names of parties that an import gives; a name that is known stays with the import that brought it.

    But what is only an enterprise's own word passes to the first other source that says it.
    """
    known = {
        (each.party, each.name) for each in of(session, sorted({party for party, _ in names})) if own or not each.by
    }
    new = sorted(pair for pair in names if pair not in known and len(pair[1]) <= LONGEST)
    rows = [{"party": party, "name": name, "import_id": import_id} for party, name in new]
    upsert(session, tables.PartyName, rows, ["party", "name"], ["import_id"])
