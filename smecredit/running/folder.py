"""Which files of a folder are what: the cumcm2020c form, the sandbox's form, or the official workbook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from smecredit.answers import ImportKind
from smecredit.problems import Expected

# In the order of import: firms before what they did.
NAMES: Final[tuple[tuple[ImportKind, tuple[str, ...]], ...]] = (
    ("workbook", ()),
    ("enterprises", ("enterprises",)),
    ("invoices.purchase", ("purchase_invoices", "invoices.purchase")),
    ("invoices.sale", ("sales_invoices", "sale_invoices", "invoices.sale")),
    ("outcomes", ("outcomes",)),
    ("payments", ("payments",)),
    ("orders", ("orders",)),
    ("deliveries", ("deliveries",)),
    ("tax-filings", ("tax-filings",)),
    ("public-records", ("public-records",)),
    ("relations", ("relations",)),
)
TABLES: Final = (".csv", ".csv.gz", ".parquet")


class NothingToImport(Expected):
    """The place holds no file of a known form."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file and the kind of import that it is."""

    kind: ImportKind
    file: Path


def sources(place: Path) -> list[Source]:
    """Return the files to import from a folder, or from one workbook, in order."""
    if place.is_file() and place.suffix == ".xlsx":
        return [Source("workbook", place)]
    if not place.is_dir():
        raise NothingToImport(f"{place} is no folder and no .xlsx workbook")
    found = [
        Source(kind, place / (name + ending))
        for kind, names in NAMES
        for name in names
        for ending in TABLES
        if (place / (name + ending)).is_file()
    ]
    kinds = {source.kind for source in found}
    if {"enterprises", "invoices.purchase", "invoices.sale"} <= kinds:
        return found
    workbooks = sorted(place.glob("*.xlsx"))
    if len(workbooks) == 1 and not found:
        return [Source("workbook", workbooks[0])]
    raise NothingToImport(
        f"{place} lacks files: it needs enterprises, purchase_invoices and sales_invoices (each .csv, .csv.gz or "
        f".parquet), or one .xlsx workbook; found: {', '.join(sorted(source.file.name for source in found)) or 'none'}"
    )
