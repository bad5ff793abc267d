"""The sandbox's tables as the evidence that the rules compare."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain import invoice
from services.profile.book.domain.evidence import DATASETS, ENTERPRISES, evidence
from services.profile.portrait.domain.crosscheck import Material

DIRECTIONS = {"invoices.sale": "sale", "invoices.purchase": "purchase"}


def material(tables: dict[str, pl.DataFrame]) -> Material:
    """Return all of an economy as known on its last day."""
    invoices = pl.concat([_invoices(tables[kind], direction) for kind, direction in DIRECTIONS.items()])
    kinds = {name: fitted(tables[name], dataset.schema) for name, dataset in DATASETS.items()}
    kinds["payments"] = kinds["payments"].with_columns(status=pl.lit("valid"))
    firms = fitted(tables["enterprises"], ENTERPRISES)
    last = tables["invoices.sale"]["date"].max()
    return around(evidence(invoices, kinds, firms), last)


def around(found, as_of, own=frozenset()) -> Material:
    """Return evidence of a whole book with what its partners' books say; `own` are imports of firms' own words."""
    invoices = found.invoices
    mirrored = invoices.filter(pl.col("counterparty").is_in(found.enterprises["enterprise"].implode()))
    heard = invoices.filter(~pl.col("import_id").is_in(sorted(own)).fill_null(value=False))
    books = heard.group_by("enterprise", "direction").agg(first=pl.col("date").min(), last=pl.col("date").max())
    return Material(found, mirrored, books, as_of, frozenset(own))


def fitted(table: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Return a table with exactly these columns, null where it has none."""
    return table.select(
        pl.col(name).cast(kind) if name in table.columns else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )


def _invoices(table: pl.DataFrame, direction: str) -> pl.DataFrame:
    fen = [(pl.col(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    return fitted(table.with_columns(*fen, direction=pl.lit(direction)), invoice.SCHEMA)
