"""What is known of enterprises at a moment, kind by kind: where cross-checks, portraits and signals start."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import polars as pl

from services.profile.book.domain import (
    delivery,
    invoice,
    invoice_lines,
    order,
    payment,
    public_record,
    relation,
    tax_filing,
)
from services.profile.book.domain.contested import CONTESTED
from services.profile.book.domain.dataset import Dataset

# The kinds of data beside invoices, by the name that imports give them.
DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {module.DATASET.name: module.DATASET for module in (payment, order, delivery, tax_filing, public_record, relation)}
)
# All that lakes hold: invoices, these kinds, and what comes with the files of one of them and says more of its records.
HELD: Mapping[str, Dataset] = MappingProxyType(
    {invoice.DATASET.name: invoice.DATASET, **DATASETS, invoice_lines.DATASET.name: invoice_lines.DATASET}
)
ENTERPRISES: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "name": pl.String(),
    "industry": pl.String(),
    "region": pl.String(),
    "size_class": pl.String(),
    "established_on": pl.Date(),
    "employees": pl.Int64(),
    "revenue_fen": pl.Int64(),
    "assets_fen": pl.Int64(),
    "heard_assets_fen": pl.Int64(),
    "assets_by": pl.String(),
    "scope": pl.String(),
    "taxpayer": pl.String(),
    "synthetic": pl.Boolean(),
}


def dataset_of(kind: str) -> Dataset:
    """Return the kind of data of this name, invoices among them."""
    return HELD[kind]


def speaking_of(kind: str) -> list[str]:
    """Return the kinds whose rows speak of the records of a kind: itself, and what says more of them."""
    return [name for name, dataset in HELD.items() if dataset.records == kind]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known, already cut to a moment: each thing once, in the last version known, dated up to `as_of`.

    `contested` are invoices of which the enterprise itself says something else (`contested.CONTESTED`).
    `invoice_lines` are those of invoices that stand, a row an invoice; they are read where somebody asks for them.
    """

    invoices: pl.DataFrame
    payments: pl.DataFrame
    orders: pl.DataFrame
    deliveries: pl.DataFrame
    tax_filings: pl.DataFrame
    public_records: pl.DataFrame
    relations: pl.DataFrame
    enterprises: pl.DataFrame
    contested: pl.DataFrame
    invoice_lines: pl.DataFrame


def empty() -> Evidence:
    """Return evidence without rows, each table with its schema."""
    return evidence(pl.DataFrame(schema=invoice.SCHEMA), {}, pl.DataFrame(schema=ENTERPRISES))


def of_others(told: Evidence, own: Collection[str]) -> Evidence:
    """Return what others than the enterprises themselves say; `own` are the imports by which these speak.

    By its own word none moves what all are held against.
    """
    if not own:
        return told
    spoken = pl.col("import_id").is_in(sorted(own))
    kinds = ("invoices", *(name.replace("-", "_") for name in DATASETS))
    return replace(told, **{kind: getattr(told, kind).filter(~spoken) for kind in kinds})


def evidence(
    invoices: pl.DataFrame,
    kinds: Mapping[str, pl.DataFrame],
    enterprises: pl.DataFrame,
    contested: pl.DataFrame | None = None,
) -> Evidence:
    """Return tables by kind as evidence; a kind that is not given is empty."""
    beside = pl.DataFrame(schema=CONTESTED) if contested is None else contested
    beyond = {name: dataset for name, dataset in HELD.items() if name != invoice.DATASET.name}
    tables = {name.replace("-", "_"): kinds.get(name, dataset.empty()) for name, dataset in beyond.items()}
    return Evidence(invoices=invoices, enterprises=enterprises, contested=beside, **tables)
