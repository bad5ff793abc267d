"""What a reader is told of each figure: its value, and the neighbours behind it that stand in the firm's own file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from services.profile.graph.domain.figures.declared import FIGURES, TRADE, UNTOLD, Figure
from services.profile.graph.domain.figures.network import network
from services.profile.graph.domain.figures.of_ties import CAPITAL, OF_PERSONS, figures

MOST_NEIGHBOURS = 5
c = pl.col


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One whom a figure rests on: by which tie, and what of it counts (a count, capital or an amount)."""

    party: str
    tie: str
    value: float


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure of a firm; `value` is None where nobody else tells of any tie (or any trade) of it.

    `neighbours` are the first of those that the firm's own file names, `others` how many of these are left out.
    """

    figure: Figure
    value: float | None
    neighbours: tuple[Neighbour, ...]
    others: int


def shown(
    enterprise: str, near: pl.DataFrame, facts: pl.DataFrame, mine: pl.DataFrame, trade: pl.DataFrame
) -> tuple[Shown, ...]:
    """Return the figures of one firm: of the ties near it, those of its own file (`mine`), and its trade."""
    made = figures(network(near, [enterprise]), facts).filter(c("enterprise") == enterprise)
    values: dict[str, Any] = made.row(0, named=True) if not mine.is_empty() else {}
    sums = {name: float(trade["fen"].filter(trade[sort]).sum()) for name, sort in TRADED.items()}
    values |= sums if not trade.is_empty() else {}
    beside = mine.join(facts.select(source="node", capital="capital", adverse="adverse"), on="source", how="left")
    return tuple(
        _shown(figure, values.get(figure.name), _behind(figure.name, beside, trade))
        for figure in (*FIGURES, *TRADE)
        if figure.name not in UNTOLD
    )


def _shown(figure: Figure, value: float | None, behind: pl.DataFrame) -> Shown:
    named = behind.sort("value", "party", "tie", descending=[True, False, False])
    first = tuple(Neighbour(*row) for row in named.head(MOST_NEIGHBOURS).select("party", "tie", "value").rows())
    return Shown(figure, value, first, max(0, named.height - MOST_NEIGHBOURS))


def _behind(name: str, mine: pl.DataFrame, trade: pl.DataFrame) -> pl.DataFrame:
    """Return whom a figure rests on in the firm's own file: party, tie, value."""
    if name in TRADED:
        return trade.filter(TRADED[name]).select("party", tie=pl.lit("trades"), value="fen")
    if name in _BEHIND:
        rows = _BEHIND[name](mine)
        return rows.select(party="source", tie="tie", value=c("value").cast(pl.Float64)).unique()
    return pl.DataFrame(schema={"party": pl.String, "tie": pl.String, "value": pl.Float64})


def _by(*ties: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda mine: mine.filter(c("tie").is_in(ties)).with_columns(value=pl.lit(1.0))


def _given(mine: pl.DataFrame) -> pl.DataFrame:
    return mine.filter(c("tie").is_in(CAPITAL)).with_columns(value=c("weight"))


def _fact(name: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda mine: mine.filter(c(name) > 0).with_columns(value=c(name))


TRADED = {"trade_with_strong_12m": "strong", "trade_with_old_12m": "old", "trade_with_troubled_12m": "troubled"}
_BEHIND: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "corporate_owners": _by("invests"),
    "personal_capital_share": _given,
    "largest_owner_share": _given,
    "capital_per_owner": _given,
    "persons": _by(*OF_PERSONS),
    "personal_owners": _by("owns"),
    "offices": _by(*OF_PERSONS),
    "managers": _by("manages"),
    "strongest_partner": _fact("capital"),
    "distress_1": _fact("adverse"),
}
