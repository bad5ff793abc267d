"""From a number to the very records behind it, each with the import that brought it and when it became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from services.profile.book import import_store
from services.profile.book.context import Context
from services.profile.book.domain import invoice
from services.profile.book.domain.moment import Asked
from services.profile.book.usecases.gather import gather
from services.profile.portrait.domain.lineage import Table, behind
from services.profile.portrait.usecases.read_features import describer
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading

DAY = {"tax_filings": "period_end", "public_records": "published_on", "relations": "since"}
ORIGIN = ("import_id", "known_at", "version")


@dataclass(frozen=True, slots=True)
class Traced:
    """The records behind a figure, newest first, as places to look up; `alone` are invoices that only it says."""

    file: OpenFile
    figure: str
    places: pl.DataFrame
    found: dict[Table, pl.DataFrame]
    alone: frozenset[tuple[object, ...]] = frozenset()

    def unconfirmed(self, table: Table, row: Mapping[str, object]) -> bool | None:
        """Tell whether only the enterprise says a record: of invoices, the records that may be confirmed."""
        return None if table != "invoices" else _said(row) in self.alone

    def __len__(self) -> int:
        """Return how many records there are."""
        return self.places.height

    def __getitem__(self, part: slice) -> list[tuple[Table, dict[str, object]]]:
        """Return a stretch of them as rows of their tables."""
        return [
            (row["table"], self.found[row["table"]].row(row["row"], named=True))
            for row in self.places[part].iter_rows(named=True)
        ]


def trace(context: Context, reading: Reading, enterprise: str, figure: str, asked: Asked) -> Traced:
    """Return the records that a figure of an enterprise counts, newest first."""
    source = behind(figure)
    file = open_at(context, reading, enterprise, asked)
    found = source.rows(gather(context, file.moment, file.permit), file.moment.as_of)
    ordered = {table: _ordered(rows, table) for table, rows in found.items()}
    places = pl.concat(
        [
            rows.select(day=DAY.get(table, "date"), table=pl.lit(table), row=pl.int_range(pl.len()))
            for table, rows in ordered.items()
        ]
    )
    places = places.sort("day", descending=True, nulls_last=True, maintain_order=True)
    return Traced(file, figure, places, ordered, _alone(context, reading, file))


def _alone(context: Context, reading: Reading, file: OpenFile) -> frozenset[tuple[object, ...]]:
    sides, facts = not reading.caller.owns(file.enterprise), file.facts
    rows = describer(context).unconfirmed(file.permit, facts.moment, facts.known_at, sides=sides)
    return frozenset(_said(row) for row in rows.select(invoice.CONTENT).iter_rows(named=True))


def _said(row: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in invoice.CONTENT)


def sources(context: Context, rows: Sequence[tuple[Table, Mapping[str, object]]]) -> dict[str, dict[str, str]]:
    """Return the source and lawful channel of the imports that brought these records, by the import's id."""
    wanted = sorted({str(row["import_id"]) for _, row in rows})
    with context.database.read() as session:
        return import_store.origins(session, wanted)


def _ordered(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Sort by everything that is said, so that the order never depends on how the rows lie in the lake."""
    day = DAY.get(table, "date")
    rest = sorted(name for name in rows.columns if name not in {day, *ORIGIN})
    return rows.sort(day, *rest, descending=[True] + [False] * len(rest), nulls_last=True)
