"""The graph of Chinese small firms and who failed (SMEsD), where the real data is at hand: firms, own features, ties.

Each split is a graph of its own: the firms of its years, with the ties and lawsuits told of them. A firm that is in the
tested split too is left out of training. The names of ties are told in one direction: `invest_CC` starts at the firm
that is invested in (its weight never exceeds that firm's capital, in 98 of 100), `invest_CP` at the person.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from services.profile.graph.domain.figures import FIGURES, figures, network

FOLDER = Path(os.environ.get("SMECREDIT_REAL_DATA", "../shared/data")) / "smesd"
# The first number of a node that is no enterprise.
PERSONS_FROM = 3_976
TIES = {
    "supervise": "supervises",
    "execute": "manages",
    "stakeholder": "holds",
    "invest_CP": "owns",
    "invested_CC": "invests",
    "branch": "branch",
    "loan": "lends",
    "creditor": "claims",
    "deal": "deals",
    "rent": "rents",
}
# A firm's own, each with the direction that a credit officer declares. Lawsuits by what came of them (`result`).
OWN = {
    "registered_capital": -1,
    "paid_in_capital": -1,
    "paid_share": -1,
    "lawsuits": 1,
    "lost": 1,
    "lost_share": 1,
    "defended": 1,
    "claims_won": -1,
    "industry_rate": 1,
}
GRAPH = {each.name: int(each.direction) for each in FIGURES}
DIRECTIONS = OWN | GRAPH
LOST, DEFENDED, WON = 3, (2, 3), 0
_SHRUNK = 20.0  # firms at the mean that each industry's rate starts from
_FOLDS = 5

Rows = np.ndarray


@dataclass(frozen=True, slots=True)
class Tables:
    """What is told of the firms of a split, as it lies in the files."""

    firms: pl.DataFrame
    edges: pl.DataFrame
    lawsuits: pl.DataFrame
    industries: pl.DataFrame

    def part(self, firms: list[int]) -> Tables:
        """Return the split as if these firms alone had been collected: without ties to and lawsuits of others."""
        ours = pl.col("firm").is_in(firms)
        ends = [(pl.col(end) >= PERSONS_FROM) | pl.col(end).is_in(firms) for end in ("source", "target")]
        edges = self.edges.filter(*ends)
        return Tables(self.firms.filter(ours), edges, self.lawsuits.filter(ours), self.industries.filter(ours))


@dataclass(frozen=True, slots=True, eq=False)
class Year:
    """The firms of a split, sorted, with all features but the industries' rates, and what became of them."""

    tables: Tables
    frame: pl.DataFrame
    failed: Rows
    industries: dict[int, list[str]]

    def without(self, firms: set[int]) -> Year:
        """Return the split without some firms; what their ties said of others stays."""
        kept = ~self.frame["firm"].is_in(list(firms))
        return Year(self.tables, self.frame.filter(kept), self.failed[kept.to_numpy()], self.industries)

    def part(self, places: Rows) -> Year:
        """Return some firms with a graph of their own, as each split has one: ties to the others are not in it."""
        return year(self.tables.part(self.frame["firm"].gather(places).to_list()))


def splits() -> list[str]:
    """Return the splits that are here besides `train`, in order."""
    return sorted(set(pl.read_csv(FOLDER / "firms.csv.gz", columns=["split"])["split"]) - {"train"})


def tables(split: str) -> Tables:
    """Read one split."""
    names = ("firms", "edges", "lawsuits", "industries")
    read = (pl.read_csv(FOLDER / f"{name}.csv.gz").filter(pl.col("split") == split).drop("split") for name in names)
    return Tables(*read)


def year(told: Tables) -> Year:
    """Return the firms of a split with their features."""
    result = pl.col("result")
    suits = told.lawsuits.group_by("firm").agg(
        lawsuits=pl.len(),
        lost=(result == LOST).sum(),
        defended=result.is_in(DEFENDED).sum(),
        claims_won=(result == WON).sum(),
    )
    counted = pl.col("lawsuits", "lost", "defended", "claims_won").fill_null(0)
    firms = told.firms.join(suits, on="firm", how="left").with_columns(counted).sort("firm")
    own = firms.with_columns(
        paid_share=_share("paid_in_capital", "registered_capital"),
        lost_share=_share("lost", "lawsuits"),
        enterprise=_name(pl.col("firm")),
    )
    held: dict[int, list[str]] = {}
    for industry, firm in told.industries.unique().sort("firm", "industry").select("industry", "firm").iter_rows():
        held.setdefault(firm, []).append(industry)
    frame = own.join(_figures(firms, told.edges, suits), on="enterprise", how="left")
    return Year(told, frame, frame["bankrupt"].to_numpy().astype(bool), held)


def _figures(firms: pl.DataFrame, ties: pl.DataFrame, suits: pl.DataFrame) -> pl.DataFrame:
    once = ties.filter(pl.col("type").is_in(list(TIES))).select(
        *(_name(pl.col(side)).alias(side) for side in ("source", "target")),
        tie=pl.col("type").replace_strict(TIES),
        weight="weight",
    )
    told = once.select("source", "target").unpivot(value_name="node")["node"]
    nodes = pl.DataFrame({"node": pl.concat([told, firms.select(_name(pl.col("firm")))["firm"]]).unique()})
    known = firms.join(suits.select("firm", adverse="lost"), on="firm", how="full", coalesce=True)
    facts = nodes.join(known.with_columns(node=_name(pl.col("firm"))), on="node", how="left").select(
        "node",
        firm=pl.col("node").str.slice(1).cast(pl.Int64) < PERSONS_FROM,
        capital="registered_capital",
        adverse="adverse",
    )
    return figures(network(once, nodes["node"].to_list()), facts)


def _share(part: str, whole: str) -> pl.Expr:
    """Return a share; one of nothing is unknown, as in the catalogue."""
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))


def _name(number: pl.Expr) -> pl.Expr:
    return pl.format("n{}", number.cast(pl.String).str.zfill(5))


def rows(of: Year, names: list[str], rates: Rows) -> Rows:
    """Return columns (n, names) as numbers, each turned so that risk rises with it; unknown is beyond the worst."""
    columns = [rates if name == "industry_rate" else of.frame[name].cast(pl.Float64).to_numpy() for name in names]
    turned = np.column_stack([column * DIRECTIONS[name] for column, name in zip(columns, names, strict=True)])
    return np.where(np.isnan(turned), 1e30, turned).astype(np.float32)


def rates_within(of: Year) -> Rows:
    """Return for each firm its industries' rate of failure among the other four fifths of these firms: (n,)."""
    fold = np.random.default_rng(0).permutation(len(of.failed)) % _FOLDS
    found = np.zeros(len(of.failed))
    for number in range(_FOLDS):
        held = fold == number
        found[held] = _told(of, np.flatnonzero(~held), of, np.flatnonzero(held))
    return found


def rates_from(teacher: Year, of: Year) -> Rows:
    """Return for each firm of a split its industries' rate of failure among the firms of another: (n,)."""
    return _told(teacher, np.arange(len(teacher.failed)), of, np.arange(len(of.failed)))


def _told(teacher: Year, known: Rows, of: Year, asked: Rows) -> Rows:
    mean = float(teacher.failed[known].mean())
    firms = teacher.frame["firm"].to_list()
    failed: dict[str, float] = {}
    many: dict[str, int] = {}
    for place in known:
        for industry in teacher.industries.get(firms[place], ()):
            failed[industry] = failed.get(industry, 0.0) + float(teacher.failed[place])
            many[industry] = many.get(industry, 0) + 1
    rate = {each: (failed[each] + _SHRUNK * mean) / (many[each] + _SHRUNK) for each in many}
    others = of.frame["firm"].to_list()
    return np.array(
        [np.mean([rate.get(each, mean) for each in of.industries.get(others[place], ())] or [mean]) for place in asked]
    )
