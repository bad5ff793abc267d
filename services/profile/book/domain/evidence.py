"""What is known of enterprises at a moment, kind by kind: where cross-checks, portraits and signals start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from services.profile.book.domain import delivery, invoice, order, payment, public_record, relation, tax_filing
from services.profile.book.domain.contested import CONTESTED
from services.profile.book.domain.dataset import Dataset

# The kinds of data beside invoices, by the name that imports give them.
DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {module.DATASET.name: module.DATASET for module in (payment, order, delivery, tax_filing, public_record, relation)}
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
    "scope": pl.String(),
    "taxpayer": pl.String(),
    "synthetic": pl.Boolean(),
}


def dataset_of(kind: str) -> Dataset:
    """Return the kind of data of this name, invoices among them."""
    return invoice.DATASET if kind == invoice.DATASET.name else DATASETS[kind]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known, already cut to a moment: each thing once, in the last version known, dated up to `as_of`.

    `contested` are invoices of which the enterprise itself says something else (`contested.CONTESTED`).
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


def empty() -> Evidence:
    """Return evidence without rows, each table with its schema."""
    return evidence(pl.DataFrame(schema=invoice.SCHEMA), {}, pl.DataFrame(schema=ENTERPRISES))


def evidence(
    invoices: pl.DataFrame,
    kinds: Mapping[str, pl.DataFrame],
    enterprises: pl.DataFrame,
    contested: pl.DataFrame | None = None,
) -> Evidence:
    """Return tables by kind as evidence; a kind that is not given is empty."""
    beside = pl.DataFrame(schema=CONTESTED) if contested is None else contested
    tables = {name.replace("-", "_"): kinds.get(name, dataset.empty()) for name, dataset in DATASETS.items()}
    return Evidence(invoices=invoices, enterprises=enterprises, contested=beside, **tables)
