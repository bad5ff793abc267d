"""What a reader is told of each figure: its value, and the neighbours behind it that stand in the firm's own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from services.profile.graph.domain.figures.declared import FIGURES, UNTOLD, Figure
from services.profile.graph.domain.figures.declared_of_trade import TRADE
from services.profile.graph.domain.figures.network import network
from services.profile.graph.domain.figures.of_ties import CAPITAL, OF_PERSONS, figures
from services.profile.graph.domain.figures.trade import UNKNOWN, Rest

MOST_NEIGHBOURS = 5
c = pl.col


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One whom a figure rests on: by which tie, and what of it counts (a count, capital, an amount, a share lost)."""

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
    enterprise: str, near: pl.DataFrame, facts: pl.DataFrame, mine: pl.DataFrame, traded: Mapping[str, Rest]
) -> tuple[Shown, ...]:
    """Return the figures of one firm: of the ties near it, those of its own file (`mine`), and its trade by name."""
    made = figures(network(near, [enterprise]), facts).filter(c("enterprise") == enterprise)
    values: dict[str, Any] = made.row(0, named=True) if not mine.is_empty() else {}
    beside = mine.join(facts.select(source="node", capital="capital", adverse="adverse"), on="source", how="left")
    of_ties = (
        _shown(figure, values.get(figure.name), _behind(figure.name, beside))
        for figure in FIGURES
        if figure.name not in UNTOLD
    )
    rests = ((figure, traded.get(figure.name, UNKNOWN)) for figure in TRADE)
    of_trade = (_shown(figure, rest.value, rest.behind.with_columns(tie=pl.lit("trades"))) for figure, rest in rests)
    return (*of_ties, *of_trade)


def _shown(figure: Figure, value: float | None, behind: pl.DataFrame) -> Shown:
    named = behind.sort("value", "party", "tie", descending=[True, False, False])
    first = tuple(Neighbour(*row) for row in named.head(MOST_NEIGHBOURS).select("party", "tie", "value").rows())
    return Shown(figure, value, first, max(0, named.height - MOST_NEIGHBOURS))


def _behind(name: str, mine: pl.DataFrame) -> pl.DataFrame:
    """Return whom a figure of ties rests on in the firm's own file: party, tie, value."""
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
