"""Ties as rows of one form: whose, of which sort, to whom, how much of it, from when to when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from sandbox.economy import Economy
from sandbox.tables import party_codes

SCHEMA = {
    "enterprise": pl.String,
    "relation": pl.String,
    "party": pl.String,
    "share": pl.Float64,
    "amount_fen": pl.Int64,
    "since": pl.Date,
    "until": pl.Date,
}


@dataclass(frozen=True, slots=True)
class Tie:
    """One tie of a firm, as a register would state it; a person is named by any text that is the same for the same."""

    enterprise: str
    relation: str
    party: str
    share: float | None = None
    amount_fen: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """What a register knows of the firms before any tie: their codes, founding days, capital, and the book's days."""

    codes: list[str]
    founded: list[date]
    capital_fen: list[int]
    first: date
    last: date

    def __len__(self) -> int:
        """Return how many firms there are."""
        return len(self.codes)

    def since(self, *firms: int) -> date:
        """Return the first day on which all of these firms existed."""
        return max(self.founded[firm] for firm in firms)

    def within(self, rng: np.random.Generator, firm: int) -> date | None:
        """Draw a day of the book on which a firm is a month old at least; None where it is too young for one."""
        first = max(self.first, self.founded[firm]).toordinal() + 31
        last = self.last.toordinal()
        return date.fromordinal(int(rng.integers(first, last + 1))) if first <= last else None


def registry(economy: Economy) -> Registry:
    """Return the firms as a register lists them; capital is about a season's sales, in whole 100,000 yuan."""
    firms, days = economy.firms, economy.calendar.days
    founded = (np.datetime64(economy.plan.start, "M") + firms.born).astype("datetime64[D]")
    capital = np.maximum(np.rint(firms.sales * 3 / 1e5), 1).astype(np.int64) * 10_000_000
    return Registry(
        party_codes(economy).head(len(firms)).to_list(), founded.tolist(), capital.tolist(), *days[[0, -1]].tolist()
    )


def frame(ties: Iterable[Tie]) -> pl.DataFrame:
    """Return ties as a table."""
    return pl.DataFrame([[getattr(tie, name) for name in SCHEMA] for tie in ties], schema=SCHEMA, orient="row")
