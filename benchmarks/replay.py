"""One look at a whole book: the sixteen signals in columns, beside two of them in plain Python, firm by firm.

The peer computes signals 3 and 4 only, over rows that it holds by firm already, and lists the same alerts; ours
computes all that the book has a source for.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from benchmarks.features import BOOK_DATE, REAL, generated_book, real_book
from services.profile.book.domain.evidence import ENTERPRISES, evidence
from services.profile.book.domain.invoice import SCHEMA
from services.profile.watch.domain.signals import SignalInputs, evaluate

DAYS = tuple(date(2019, month, 28) for month in (3, 6, 9, 12))


def run(*, generated: bool = False) -> dict[str, Any]:
    """Look at the book on four days; return seconds a look."""
    real = REAL.is_dir() and not generated
    book = _held(real_book() if real else generated_book(1_000_000, 400))
    firms = pl.DataFrame({"enterprise": book["enterprise"].unique().sort()})
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in ENTERPRISES.items() if name != "enterprise"]
    listed = firms.with_columns(absent).select(list(ENTERPRISES))
    start, alerts = perf_counter(), 0
    for day in DAYS:
        alerts += evaluate(SignalInputs(evidence(book.filter(pl.col("date") <= day), {}, listed), day)).hits.height
    ours = (perf_counter() - start) / len(DAYS)
    result: dict[str, Any] = {
        "name": "replay",
        "title": f"A look at {book.height:,} {'real' if real else 'generated'} invoices of {firms.height} firms",
        "alerts": alerts,
    }
    peer = _peer() if real else None
    ratio = round(ours / peer, 3) if peer else None
    row = {"what": "one look", "ours": round(ours, 3), "peer": peer and round(peer, 3), "unit": "s", "ratio": ratio}
    return result | {"rows": [row], "until": BOOK_DATE.isoformat()}


def _held(book: pl.DataFrame) -> pl.DataFrame:
    """Give the rows what the lake adds."""
    return (
        book.with_row_index("place")
        .with_columns(
            number=pl.col("place").cast(pl.String),
            code=pl.lit(None, dtype=pl.String),
            blue_number=pl.lit(None, dtype=pl.String),
            reversal=pl.lit(None, dtype=pl.String),
            version=pl.lit(1, dtype=pl.Int16),
            known_at=pl.lit(datetime(2020, 3, 1, tzinfo=UTC)).cast(SCHEMA["known_at"]),
            import_id=pl.lit("imp"),
        )
        .select(list(SCHEMA))
    )


def _peer() -> float:
    """Return the seconds a look of the plain computation that the tests hold the signals against."""
    sys.path.insert(
        0, str(Path(__file__).resolve().parent.parent / "tests" / "profile" / "watch" / "domain" / "signals")
    )
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    import test_real as plain  # type: ignore[import-not-found]  # noqa: PLC0415 -- the peer only

    sales = plain.sales()
    start, found = perf_counter(), defaultdict(list)
    for day in DAYS:
        for firm, of in sales.items():
            known = [sale for sale in of if sale.day <= day]
            if known:
                found[firm].append(plain.lost_customers(known, day))
                found[firm].append(plain.switched_to(known, day))
    return (perf_counter() - start) / len(DAYS)


if __name__ == "__main__":
    print(run())
