"""Small books of invoices for tests: written by hand, or drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from services.profile.book.domain.invoice import SCHEMA

AS_OF = date(2020, 2, 21)
KNOWN = datetime(2020, 3, 1, tzinfo=UTC)


def sale(day: str, net: int, to: str = "K1", **more: Any) -> dict[str, Any]:
    """A sale of `net` fen on a day."""
    return _row("sale", day, net, to, more)


def purchase(day: str, net: int, of: str = "L1", **more: Any) -> dict[str, Any]:
    """A purchase of `net` fen on a day."""
    return _row("purchase", day, net, of, more)


def book(*rows: dict[str, Any]) -> pl.DataFrame:
    """Invoices as the lake gives them; numbers are dealt out where a row has none."""
    return frame({"number": str(place), **row} for place, row in enumerate(rows))


def frame(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Rows in the lake's columns."""
    return pl.DataFrame(list(rows), schema=SCHEMA)


@st.composite
def books(draw: st.DrawFn, least: int = 1) -> pl.DataFrame:
    """Up to 60 invoices of up to three firms over four years: red, void, on the edges of windows, and later ones.

    Some are told as cancelled by red letters, of which some are there.
    """
    days = st.integers(-40, 1500).map(lambda back: AS_OF - timedelta(days=back))
    edges = st.sampled_from(
        [date(2019, 2, 21), date(2019, 2, 22), date(2020, 1, 21), date(2017, 2, 21), date(2017, 2, 22)]
    )
    row = st.fixed_dictionaries(
        {
            "enterprise": st.sampled_from(["local:E1", "local:E2", "local:E3"]),
            "direction": st.sampled_from(["sale", "purchase"]),
            "counterparty": st.sampled_from(["local:P1", "local:P2", "local:P3", "local:P4", "local:P5"]),
            "date": days | edges,
            "net_fen": st.integers(-(10**9), 10**11).filter(bool),
            "status": st.sampled_from(["valid", "valid", "valid", "void"]),
            "reversal": st.sampled_from([None] * 6 + ["whole", "part"]),
        }
    )
    rows = draw(st.lists(row, min_size=least, max_size=60))
    return frame(
        {
            **found,
            "number": str(place),
            "tax_fen": found["net_fen"] // 10,
            "total_fen": found["net_fen"] + found["net_fen"] // 10,
            "version": 1,
            "known_at": KNOWN,
        }
        for place, found in enumerate(rows)
    )


def _row(direction: str, day: str, net: int, partner: str, more: dict[str, Any]) -> dict[str, Any]:
    tax = more.pop("tax", 0)
    return {
        "enterprise": "local:E1",
        "direction": direction,
        "counterparty": f"local:{partner}",
        "date": date.fromisoformat(day),
        "net_fen": net,
        "tax_fen": tax,
        "total_fen": net + tax,
        "status": "valid",
        "version": 1,
        "known_at": KNOWN,
        **more,
    }
