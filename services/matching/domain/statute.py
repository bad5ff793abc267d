"""The dearest rate that the law bears, as data with its dates and sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Statute:
    """A cap on what a borrower can be made to pay in a year, interest and every fee together."""

    rate: Decimal
    since: date
    source: str


# Of licensed lenders. The fourfold LPR of 法释〔2020〕6号 binds private lending only (法释〔2020〕27号 says so).
STATUTES = (
    Statute(Decimal("0.24"), date(2017, 8, 4), "最高人民法院 法发〔2017〕22号 第2条：年利率24%以上部分可请求调减"),
)


@lru_cache(maxsize=64)
def statute(on: date) -> Statute | None:
    """Return what was in force on a day, None before the first."""
    return max((item for item in STATUTES if item.since <= on), key=lambda item: item.since, default=None)
