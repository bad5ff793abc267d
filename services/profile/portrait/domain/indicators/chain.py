"""Place in the chain (供应链地位): how central the firm is in the network of trade, and who depends on whom."""

from __future__ import annotations

import numpy as np
import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.portrait.domain.features.aggregates import slot_of
from services.profile.portrait.domain.indicators.indicator import Indicator
from services.profile.standards.text import Text

c = pl.col
DAMPING, ROUNDS = 0.85, 60  # 0.85 ** 60 is 6e-5: what is left to move is below what a percentile can show
HUB = 10  # a customer of so many firms of the book is a core one, and so is a large firm (ours)
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


def network(links: pl.DataFrame, large: pl.Series) -> pl.DataFrame:
    """Return centrality, reliance and core_share per firm with trade; `large` are the ids of large firms.

    Centrality is PageRank (Brin and Page 1998, damping 0.85) on the money that flows from buyers to sellers, times
    the number of parties, so that 1 is the average: a firm is central when central customers buy from it. Reliance is
    the share of a customer's purchases that come from the firm, among what the book sees, weighted by the firm's
    sales.
    """
    named, party = links.filter(c("counterparty").is_not_null()), party_of(c("counterparty"))
    sold = named.filter(c("sold") > 0).select(seller="enterprise", buyer=party, fen="sold")
    bought = named.filter(c("bought") > 0).select(seller=party, buyer="enterprise", fen="bought")
    # A deal between two firms of the book is told by both; the larger account of it counts.
    flows = pl.concat([sold, bought]).group_by("seller", "buyer").agg(c("fen").max()).sort("seller", "buyer")
    found = links.select("enterprise").unique().join(_centrality(flows), on="enterprise", how="left")
    return found.join(_dependence(flows, large), on="enterprise", how="left")


def _centrality(flows: pl.DataFrame) -> pl.DataFrame:
    names = pl.concat([flows["seller"], flows["buyer"]]).unique().sort()
    at = pl.arange(names.len(), eager=True)
    place = {side: flows[side].replace_strict(names, at).cast(pl.Int64).to_numpy() for side in SIDES}
    fen = flows["fen"].cast(pl.Float64).to_numpy()
    count = max(names.len(), 1)
    spent = np.bincount(place["buyer"], weights=fen, minlength=count)
    share = fen / spent[place["buyer"]]
    idle = spent == 0
    rank = np.full(count, 1.0 / count)
    for _ in range(ROUNDS):
        passed = np.bincount(place["seller"], weights=rank[place["buyer"]] * share, minlength=count)
        rank = (1 - DAMPING) / count + DAMPING * (passed + rank[idle].sum() / count)
    return pl.DataFrame({"enterprise": names, "centrality": (rank * count)[: names.len()]})


SIDES = ("seller", "buyer")


def _dependence(flows: pl.DataFrame, large: pl.Series) -> pl.DataFrame:
    fen = c("fen")
    seen = flows.with_columns(
        suppliers=pl.len().over("buyer"), part=fen.cast(pl.Float64) / fen.sum().over("buyer").cast(pl.Float64)
    )
    core = (c("suppliers") >= HUB) | c("buyer").is_in(large.implode())
    judged = c("suppliers") >= FEW_SUPPLIERS
    weight = fen.cast(pl.Float64).filter(judged)
    # In the order of the buyers' names, so that a sum of floats has the same last bit whenever it is made.
    return (
        seen.sort("seller", "buyer")
        .group_by("seller", maintain_order=True)
        .agg(
            reliance=(c("part").filter(judged) * weight).sum() / weight.sum(),
            core_share=fen.filter(core).sum().cast(pl.Float64) / fen.sum().cast(pl.Float64),
        )
        .with_columns(c("reliance").fill_nan(None))
        .rename({"seller": "enterprise"})
    )
