"""Scenes for tests of the signals: from rows written by hand, or from the real book."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from invoice_books import AS_OF, book

from services.profile.book.domain.evidence import ENTERPRISES, HELD, evidence
from services.profile.book.domain.invoice import SCHEMA
from services.profile.watch.domain.signals import BY_KEY, SignalInputs, Surroundings, behind, evaluate

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "cumcm2020c"
BOOK_DAY = date(2020, 2, 21)


def scene(
    *rows: dict[str, Any],
    as_of: date = AS_OF,
    beside: Surroundings | None = None,
    firms: Sequence[Mapping[str, Any]] = (),
    **kinds: Sequence[Mapping[str, Any]],
) -> SignalInputs:
    """A scene of invoices and of other kinds of data (`public_records=[…]`), each row as far as it matters."""
    frames = {}
    for name, told in kinds.items():
        dataset = HELD[name.replace("_", "-")]
        frames[dataset.name] = pl.DataFrame([{"version": 1, **row} for row in told], schema=dataset.schema)
    invoices = book(*rows).filter(pl.col("date") <= as_of)
    return SignalInputs(evidence(invoices, frames, pl.DataFrame(list(firms), schema=ENTERPRISES)), as_of, beside)


def reading(of: SignalInputs, signal: str, enterprise: str = "local:E1") -> dict[str, Any] | None:
    """The only reading of a signal for an enterprise, None where there is none."""
    rows = evaluate(of, [BY_KEY[signal]]).of(enterprise)
    assert rows.height <= 1, rows
    return rows.row(0, named=True) if rows.height else None


def records_of(of: SignalInputs, signal: str) -> pl.DataFrame:
    """What made a signal fire."""
    return behind(of, evaluate(of, [BY_KEY[signal]]).hits)


@cache
def real_invoices() -> pl.DataFrame:
    """The real invoices as the lake holds them, straight from the files."""
    rows = []
    for direction, file, partner in (
        ("purchase", "purchase_invoices.csv.gz", "销方单位代号"),
        ("sale", "sales_invoices.csv.gz", "购方单位代号"),
    ):
        text = pl.read_csv(REAL / file, infer_schema=False).with_columns(pl.all().str.strip_chars())
        told = text.unique(maintain_order=True).select(
            enterprise=pl.format("local:{}", "企业代号"),
            direction=pl.lit(direction),
            date=pl.col("开票日期").str.to_date("%Y/%m/%d"),
            known_at=pl.lit(datetime(2020, 3, 1, tzinfo=UTC)).cast(SCHEMA["known_at"]),
            number=pl.col("发票号码"),
            code=pl.lit(None, dtype=pl.String),
            counterparty=pl.format("local:{}", partner),
            net_fen=_fen("金额"),
            tax_fen=_fen("税额"),
            total_fen=_fen("价税合计"),
            status=pl.when(pl.col("发票状态") == "作废发票").then(pl.lit("void")).otherwise(pl.lit("valid")),
            blue_number=pl.lit(None, dtype=pl.String),
            reversal=pl.lit(None, dtype=pl.String),
            version=pl.lit(1, dtype=pl.Int16),
            import_id=pl.lit(f"imp_{direction}"),
        )
        rows.append(told.filter(pl.col("net_fen") + pl.col("tax_fen") == pl.col("total_fen")))
    return pl.concat(rows).select(list(SCHEMA))


def real_scene(as_of: date, beside: Surroundings | None = None) -> SignalInputs:
    """The real book on a day."""
    invoices = real_invoices().filter(pl.col("date") <= as_of)
    firms = pl.DataFrame({"enterprise": invoices["enterprise"].unique()})
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in ENTERPRISES.items() if name != "enterprise"]
    return SignalInputs(evidence(invoices, {}, firms.with_columns(absent).select(list(ENTERPRISES))), as_of, beside)


def _fen(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Decimal(20, 4)) * 100).round(0).cast(pl.Int64)
