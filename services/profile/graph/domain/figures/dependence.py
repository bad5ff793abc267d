"""Dependence both ways: on which partner a firm hangs, and which partner hangs on it; and its trade on rings.

What a partner buys and sells in all is known from its own file alone, and counts where that is open to the reader.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.party import as_counterparty
from services.profile.graph.domain.figures.trade import UNKNOWN, Rest

c = pl.col
# Whether each figure goes by what the firm sold, on its own side and on that of partners.
ON_ONE = {"sales_to_one_12m": True, "purchases_from_one_12m": False}
RELIES = {"customer_relies_12m": True, "supplier_relies_12m": False}


def dependence(dealings: pl.DataFrame, firm: str) -> dict[str, Rest]:
    """Return by name the largest shares of either side's trade of a year, and the amounts (fen) with each partner.

    `dealings` (teller, partner, sold, net_fen) are those of open files, the firm's among them. A share of nothing is
    unknown, and so is what a partner deals with others where its file is not open, or tells nothing of it.
    """
    pairs = dealings.group_by("teller", "partner", "sold").agg(fen=c("net_fen").sum())
    whole = pairs.with_columns(all=c("fen").sum().over("teller", "sold")).filter(c("all") > 0)
    mine, theirs = whole.filter(c("teller") == firm), whole.filter(c("teller") != firm)
    named = mine.drop_nulls("partner").filter((c("fen") > 0) & (c("partner") != firm))
    found = {name: _on_one(mine, named, sold=sold) for name, sold in ON_ONE.items()}
    return found | {name: _relies(theirs, named, firm, sold=sold) for name, sold in RELIES.items()}


def _on_one(mine: pl.DataFrame, named: pl.DataFrame, *, sold: bool) -> Rest:
    if mine.filter(c("sold") == sold).is_empty():
        return UNKNOWN
    return _largest(named.filter(c("sold") == sold), "partner")


def _relies(theirs: pl.DataFrame, named: pl.DataFrame, firm: str, *, sold: bool) -> Rest:
    """Return how much the firm is of its customers' purchases (`sold`), or of its suppliers' sales."""
    partners = named.filter(c("sold") == sold)["partner"]
    told = theirs.filter(c("sold") != sold, c("teller").is_in(partners.implode()))
    if told.is_empty():
        return UNKNOWN
    return _largest(told.filter((c("partner") == firm) & (c("fen") > 0)), "teller")


def _largest(rows: pl.DataFrame, other: str) -> Rest:
    shares = (rows["fen"] / rows["all"]).clip(0.0, 1.0).to_list()
    behind = rows.select(party=as_counterparty(c(other)), value=c("fen").cast(pl.Float64)).sort("party")
    return Rest(max(shares, default=0.0), behind)


def on_rings(rings: pl.DataFrame, firm: str) -> Rest:
    """Return what a firm sold and bought (fen) on rings (RINGS), and with whom; a hop of several rings counts once."""
    hops = rings.select(hop="path").explode("hop").unnest("hop").unique()
    mine = hops.filter((c("seller") == firm) | (c("buyer") == firm))
    other = pl.when(c("seller") == firm).then("buyer").otherwise("seller")
    behind = mine.group_by(party=as_counterparty(other)).agg(value=(c("amount") * c("times")).sum().cast(pl.Float64))
    return Rest(float(behind["value"].sum()), behind.sort("party"))
