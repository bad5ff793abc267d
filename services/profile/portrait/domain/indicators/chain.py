"""Place in the chain (供应链地位): how central the firm is in the network of trade, and who depends on whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.book.domain.party import party_of
from services.profile.portrait.domain.features.aggregates import slot_of
from services.profile.portrait.domain.indicators.indicator import Indicator
from services.profile.standards.text import Text

c = pl.col
DAMPING, ROUNDS = 0.85, 60  # 0.85 ** 60 is 6e-5: what is left to move is below what a percentile can show
HUB = 10  # a customer of so many firms of the book is a core one, and so is a large firm (ours)
PAIRED = 1 << 32  # the place of a seller times this leaves room for that of a buyer
TOGETHER = 1 << 20  # flows of which shares are made at once
FEW_SUPPLIERS = 3  # of a customer seen buying from fewer, its dependence says nothing (ours)

INDICATORS = (
    Indicator(
        name="centrality_12m",
        title=Text("近12个月贸易网络中心度（均值的倍数）", "Centrality in the network of trade, times the average"),
        unit="times",
        dimension="chain",
        direction=-1,
        worse=Text("处于贸易网络边缘", "At the edge of the network of trade"),
        better=Text("处于贸易网络核心", "In the heart of the network of trade"),
        value=c("centrality"),
        source="network",
    ),
    Indicator(
        name="customers_reliance_12m",
        title=Text("近12个月客户对其依赖度", "How far its customers depend on it, last 12 months"),
        unit="ratio",
        dimension="chain",
        direction=-1,
        worse=Text("客户容易替换掉它", "Customers can easily replace it"),
        better=Text("客户对其依赖度高，不易替代", "Customers depend on it and cannot easily replace it"),
        value=c("reliance"),
        source="network",
    ),
    Indicator(
        name="core_customers_share_12m",
        title=Text("近12个月核心企业销售占比", "Sales to core firms, last 12 months"),
        unit="ratio",
        dimension="chain",
        direction=0,
        worse=Text("较少为核心企业供货", "Supplies few core firms"),
        better=Text("为核心企业供货", "Supplies core firms"),
        value=c("core_share"),
        source="network",
    ),
)


def links(invoices: pl.DataFrame, day: pl.Expr) -> pl.DataFrame:
    """Return the net trade of 12 months per firm and partner (enterprise, counterparty, sold, bought), 0 at least.

    Trade with persons, who have no code, is one row whose counterparty is null: part of all trade, and no partner.
    """
    recent = invoices.filter((c("status") == "valid") & (c("date") <= day) & (slot_of(c("date"), day) < 12))
    sale = c("direction") == "sale"
    traded = recent.group_by("enterprise", "counterparty").agg(
        sold=c("net_fen").filter(sale).sum().clip(0), bought=c("net_fen").filter(~sale).sum().clip(0)
    )
    return traded.filter((c("sold") > 0) | (c("bought") > 0)).sort("enterprise", "counterparty")


def network(links: pl.DataFrame | Sequence[pl.LazyFrame], large: pl.Series) -> pl.DataFrame:
    """Return centrality, reliance and core_share per firm with trade; `large` are the ids of large firms.

    `links` may be in parts, each with all rows of its firms: one of them is held at a time, and of all parts two
    numbers a deal.

    Centrality is PageRank (Brin and Page 1998, damping 0.85) on the money that flows from buyers to sellers, times
    the number of parties, so that 1 is the average: a firm is central when central customers buy from it. Reliance is
    the share of a customer's purchases that come from the firm, among what the book sees, weighted by the firm's
    sales.
    """
    links = [links.lazy()] if isinstance(links, pl.DataFrame) else links
    firms = pl.concat([part.select("enterprise").unique().collect() for part in links])
    names = _names(links)
    flows = _flows(links, names)
    found = firms.join(_centrality(flows, names), on="enterprise", how="left")
    return found.join(_dependence(flows, names, large), on="enterprise", how="left")


@dataclass(frozen=True, slots=True)
class Flows:
    """What was sold: by whom, to whom (places among the sorted names of all parties), how many fen; in that order."""

    seller: NDArray[np.int64]
    buyer: NDArray[np.int64]
    fen: NDArray[np.int64]


def _deals(part: pl.LazyFrame) -> pl.LazyFrame:
    """Return the trade of a part between parties that have names: enterprise, party, sold, bought."""
    named = part.filter(c("counterparty").is_not_null(), (c("sold") > 0) | (c("bought") > 0))
    return named.select("enterprise", party_of(c("counterparty")).alias("party"), "sold", "bought")


def _names(links: Sequence[pl.LazyFrame]) -> pl.Series:
    """Return all parties that trade, sorted."""
    known = [pl.Series("name", dtype=pl.String)]
    for part in links:
        deals = _deals(part).select("enterprise", "party").collect()
        known.append(pl.concat([deals["enterprise"].unique(), deals["party"]]).unique())
    return pl.concat(known).unique().sort()


def _flows(links: Sequence[pl.LazyFrame], names: pl.Series) -> Flows:
    """Return the flows of money. A deal between two firms of the book is told by both; the larger account counts."""
    numbered, told = pl.DataFrame({"name": names}).with_row_index("place").cast({"place": pl.UInt64}), []
    for part in links:
        deals = _deals(part).collect()
        for side in ("enterprise", "party"):
            deals = deals.join(numbered, left_on=side, right_on="name").drop(side).rename({"place": side})
        for seller, buyer, fen in (("enterprise", "party", "sold"), ("party", "enterprise", "bought")):
            pair = (c(seller) * PAIRED + c(buyer)).alias("pair")
            told.append(deals.filter(c(fen) > 0).select(pair, fen=c(fen).cast(pl.Int64)))
    each = pl.concat(told).sort("pair", "fen") if told else pl.DataFrame(schema={"pair": pl.UInt64, "fen": pl.Int64})
    each = each.filter(c("pair").ne_missing(c("pair").shift(-1)))
    places = each.select(seller=(c("pair") // PAIRED).cast(pl.Int64), buyer=(c("pair") % PAIRED).cast(pl.Int64))
    return Flows(places["seller"].to_numpy(), places["buyer"].to_numpy(), each["fen"].to_numpy())


def _centrality(flows: Flows, names: pl.Series) -> pl.DataFrame:
    fen, count = flows.fen.astype(np.float64), max(names.len(), 1)
    spent = np.bincount(flows.buyer, weights=fen, minlength=count)
    share = fen / spent[flows.buyer]
    idle = spent == 0
    rank = np.full(count, 1.0 / count)
    for _ in range(ROUNDS):
        passed = np.bincount(flows.seller, weights=rank[flows.buyer] * share, minlength=count)
        rank = (1 - DAMPING) / count + DAMPING * (passed + rank[idle].sum() / count)
    return pl.DataFrame({"enterprise": names, "centrality": (rank * count)[: names.len()]})


def _dependence(flows: Flows, names: pl.Series, large: pl.Series) -> pl.DataFrame:
    suppliers = np.bincount(flows.buyer, minlength=names.len())
    spent = np.zeros(names.len(), dtype=np.int64)
    np.add.at(spent, flows.buyer, flows.fen)
    core = (suppliers >= HUB) | names.is_in(large.implode()).to_numpy()
    found = []
    for some in _by_seller(flows.seller):
        buyer = flows.buyer[some]
        told = {
            "seller": flows.seller[some],
            "fen": flows.fen[some],
            "part": flows.fen[some] / spent[buyer],
            "judged": suppliers[buyer] >= FEW_SUPPLIERS,
            "core": core[buyer],
        }
        found.append(_leaning(pl.DataFrame(told)))
    if not found:
        return pl.DataFrame(schema={"enterprise": pl.String, "reliance": pl.Float64, "core_share": pl.Float64})
    leaning = pl.concat(found)
    return leaning.select(names.gather(leaning["seller"]).alias("enterprise"), "reliance", "core_share")


def _leaning(seen: pl.DataFrame) -> pl.DataFrame:
    """Return how far customers depend on each seller, and what part of its sales goes to core firms.

    Rows are in the order of the buyers' names, so that a sum of floats has the same last bit whenever it is made.
    """
    fen, judged = c("fen"), c("judged")
    weight = fen.cast(pl.Float64).filter(judged)
    return (
        seen.group_by("seller", maintain_order=True)
        .agg(
            reliance=(c("part").filter(judged) * weight).sum() / weight.sum(),
            core_share=fen.filter(c("core")).sum().cast(pl.Float64) / fen.sum().cast(pl.Float64),
        )
        .with_columns(c("reliance").fill_nan(None))
    )


def _by_seller(seller: NDArray[np.int64]) -> Iterator[slice]:
    """Yield where the flows of some sellers lie: all of each one's, of so many that there are `TOGETHER` and more."""
    start = 0
    while start < len(seller):
        last = seller[min(start + TOGETHER, len(seller)) - 1]
        end = int(np.searchsorted(seller, last, "right"))
        yield slice(start, end)
        start = end
