"""The lines of one invoice of a file: what was bought or sold, down to the single line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.profile.book import import_store
from services.profile.book.context import Context
from services.profile.book.domain import invoice, invoice_lines
from services.profile.book.domain.departure import named
from services.profile.book.domain.goods import category
from services.profile.book.domain.moment import Asked
from services.profile.book.usecases.gather import gather
from services.profile.rights.domain.dispute import RecordNotFound
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading

KINDS = (invoice.DATASET.name, invoice_lines.DATASET.name)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of an invoice at a moment; `stated` is what is known of their import, none where no lines are known."""

    file: OpenFile
    record: str
    lines: list[dict[str, Any]]
    stated: Mapping[str, Any] | None


def read_lines(context: Context, reading: Reading, enterprise: str, record: str, asked: Asked) -> Lines:
    """Return the lines of the invoice of this name; raise `RecordNotFound` where the file has no such invoice."""
    file = open_at(context, reading, enterprise, asked)
    known = gather(context, file.moment, file.permit, KINDS)
    rows = known.invoice_lines.filter(named(invoice_lines.DATASET, known.invoice_lines, [record]))
    if rows.is_empty():
        if not named(invoice.DATASET, known.invoices, [record]).any():
            raise RecordNotFound(
                "The file has no invoice of this name; GET …/evidence lists them. / 没有该发票，请从 evidence 中查询。",
                record=record[:40],
            )
        return Lines(file, record, [], None)
    told = invoice_lines.opened(rows).with_columns(category=category())
    told = told.rename({f"line_{name}": name for name in invoice_lines.LINE if name.endswith("_fen")})
    row = rows.row(0, named=True)
    with context.database.read() as session:
        origin = import_store.origins(session, [row["import_id"]]).get(row["import_id"], {})
    stated = {**origin, "import": row["import_id"], "known_at": row["known_at"], "version": row["version"]}
    return Lines(file, record, told.select("category", *invoice_lines.LINE).to_dicts(), stated)
