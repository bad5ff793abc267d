"""What it means to declare a signal: one entry serves the evaluation, the alert, the page and the replay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import SignalInputs

Severity: TypeAlias = Literal["notice", "warning", "serious"]
SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "serious")
Unit: TypeAlias = Literal["ratio", "times", "day", "count", "hop", "fen"]

# A reading: how an enterprise stands with a signal. `event` names what happened ("" for a state that lasts); `subject`
# whom or what it concerns; `value` is measured in the signal's unit and `reference` is what it is held against.
# Neither `fires` nor `calm` is the space between: an open alert stays open there and a new one does not open.
READINGS: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "event": pl.String(),
    "subject": pl.String(),
    "value": pl.Float64(),
    "reference": pl.Float64(),
    "fires": pl.Boolean(),
    "calm": pl.Boolean(),
    "occurred_on": pl.Date(),
}
# A record behind a reading, by what identifies it in its kind, and the import that brought it.
RECORDS: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "event": pl.String(),
    "kind": pl.String(),
    "direction": pl.String(),
    "number": pl.String(),
    "code": pl.String(),
    "counterparty": pl.String(),
    "date": pl.Date(),
    "amount_fen": pl.Int64(),
    "import_id": pl.String(),
}
Measure: TypeAlias = Callable[[SignalInputs], pl.DataFrame]
Behind: TypeAlias = Callable[[SignalInputs, pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One declared signal.

    `needs` are the kinds of data without which it says nothing. `lasting` signals measure a state, the others find
    events. `partners` tells that data of a direct counterparty can set it off. `measure` gives READINGS of all
    enterprises of a scene at once, `behind` the RECORDS that made some readings fire.
    """

    number: int
    key: str
    title: Text
    explains: Text
    severity: Severity
    unit: Unit
    needs: tuple[str, ...]
    measure: Measure
    behind: Behind
    lasting: bool = False
    partners: bool = False


def readings(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Return a frame in the columns of READINGS; what it lacks is null, and `event` is "" where it has none."""
    eager = frame.lazy().collect()
    absent = [pl.lit("" if name == "event" else None, dtype=READINGS[name]).alias(name) for name in READINGS]
    found = eager.with_columns(column for column, name in zip(absent, READINGS, strict=True) if name not in eager)
    # A comparison with an unknown value is neither: it must not open an alert, nor clear one. To Polars NaN is more
    # than any bound, and 0/0 would fire.
    told = pl.col("value").cast(pl.Float64).is_not_nan().fill_null(value=True)
    return found.select(
        (pl.col(name).cast(kind) & told).fill_null(value=False) if kind == pl.Boolean else pl.col(name).cast(kind)
        for name, kind in READINGS.items()
    ).sort("enterprise", "event")


def records(rows: pl.DataFrame | pl.LazyFrame, kind: str = "invoices") -> pl.DataFrame:
    """Return rows in the columns of RECORDS, the newest first; what a kind lacks is null."""
    eager = rows.lazy().collect()
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in RECORDS.items() if name not in eager]
    named = eager.with_columns(absent).with_columns(pl.lit(kind).alias("kind"))
    if kind == "invoices":
        named = named.with_columns(pl.col("total_fen").alias("amount_fen"))
    order = ["enterprise", "event", "date", "number", "counterparty", "amount_fen"]
    descending = [False, False, True, False, False, False]
    return named.select(pl.col(name).cast(dtype) for name, dtype in RECORDS.items()).sort(order, descending=descending)
