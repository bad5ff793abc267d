"""Processes that write to a lake: several at once, or one that is killed in the middle."""

from __future__ import annotations

import os
import signal
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from chassis.data.files import Cache, Objects
from services.profile.book.domain.invoice import CONTENT
from services.profile.book.lake import Lake

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rows(*numbers: int, enterprise: str = "local:E1", status: str = "valid") -> pl.DataFrame:
    """Return checked sales of an enterprise, one for each number."""
    one = ("sale", enterprise, None, "n", "B1", date(2019, 1, 1), 113, 100, 13, status, None, None)
    frame = pl.DataFrame([(*one[:3], str(number), *one[4:]) for number in numbers], schema=list(CONTENT), orient="row")
    return (
        frame.with_columns(pl.col("code", "blue_number", "reversal").cast(pl.String))
        .with_row_index("line")
        .cast({"line": pl.Int64})
    )


def append_many(url: str, machine: str, numbers: list[int]) -> None:
    """Append an invoice after the other, each by an import of its own."""
    lake = Lake(url, cache=Cache(Path(machine), 1 << 30))
    for number in numbers:
        lake.append(rows(number), f"imp_{number}", {}, now=NOW)


def append_and_die(url: str, machine: str, number: int) -> None:
    """Append an invoice, and be killed when its data are in the store and the entry of the log is not."""
    put = Objects.put

    def killed(self: Objects, name: str, file: Path, *, again: bool = False) -> None:
        if "_delta_log" in name:
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, name, file, again=again)

    Objects.put = killed  # type: ignore[method-assign]
    append_many(url, machine, [number])
