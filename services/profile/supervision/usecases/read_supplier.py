"""Reading the record of a supplier: how a firm has kept its contracts, as of a day, as known at a time."""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.book import import_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.usecases.gather import gather
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading
from services.profile.supervision.domain.supplier import SupplierRecord, supplier_record

KINDS = frozenset({"invoices", "orders", "deliveries", "public-records"})


@dataclass(frozen=True, slots=True)
class Supplier:
    """A file that is open, and the supplier's record in it."""

    file: OpenFile
    record: SupplierRecord


def read_supplier(context: Context, reading: Reading, enterprise: str, asked: Asked) -> Supplier:
    """Open one file, record it, and return how the firm has kept its contracts."""
    file = open_at(context, reading, enterprise, asked)
    moment = file.facts.moment
    evidence = gather(context, moment, file.permit, KINDS)
    with context.database.read() as session:
        own = import_store.own_imports(session)
    return Supplier(file, supplier_record(evidence, moment.as_of, own))
