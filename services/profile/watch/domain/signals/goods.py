"""Signal 9 by goods: what a trading firm sells, and has bought of nobody.

Who trades sells what it bought; who makes things does not, so only firms whose industry is known to be wholesale or
retail trade (GB/T 4754, section F) are judged, and only by goods: services have no stock. Nothing is said where too few
invoices have lines whose category is known, on either side. What was imported through customs or bought from persons
without an invoice is no purchase that anybody sees here, so what fires is a question to the firm.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.goods import category, is_goods
from services.profile.book.domain.invoice_lines import opened, standing
from services.profile.standards.industries import find
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import readings
from services.profile.watch.domain.signals.thresholds import Threshold

c = pl.col
SIGNAL = "purchases-sales-mismatch"
TRADE = "F"


def unbought(scene: SignalInputs) -> pl.DataFrame:
    """Return, of trading firms, the share of their sales in each category of goods of which nothing was bought."""
    limit = scene.threshold(SIGNAL)
    lines = _lines(scene, limit)
    if lines.is_empty():
        return readings(lines.select("enterprise"))
    sold, bought = (_of(lines, direction) for direction in ("sale", "purchase"))
    known = _covered(sold, _invoices(scene, limit, "sale"), limit).join(
        _covered(bought, _invoices(scene, limit, "purchase"), limit), on="enterprise", how="semi"
    )
    categories = (
        sold.filter(is_goods())
        .group_by("enterprise", "category")
        .agg(net=c("line_net_fen").sum(), occurred_on=c("date").max())
    )
    own = bought.group_by("enterprise", "category").agg(net=c("line_net_fen").sum()).filter(c("net") > 0)
    found = categories.join(own, on=["enterprise", "category"], how="anti").join(known, on="enterprise")
    found = found.with_columns(value=c("net") / c("all")).filter(c("value") >= limit["goods_clears"])
    # A category below the calm side has no reading, and what is not found any more is over.
    fires, reference = c("value") >= limit["goods_fires"], pl.lit(limit["goods_fires"])
    named = {"event": c("category"), "subject": c("category")}
    return readings(found.with_columns(**named, reference=reference, fires=fires, calm=pl.lit(value=False)))


def sold_of(scene: SignalInputs, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the sales of twelve months that have lines of the category of a hit, with its event."""
    limit = scene.threshold(SIGNAL)
    lines = _of(_lines(scene, limit), "sale").join(
        hits.select("enterprise", "event"), left_on=["enterprise", "category"], right_on=["enterprise", "event"]
    )
    sales = _invoices(scene, limit, "sale")
    parts = lines.partition_by("category", as_dict=True, maintain_order=True).items()
    found = [standing(sales, part).with_columns(event=pl.lit(event)) for (event,), part in parts]
    return pl.concat([sales.clear().with_columns(event=pl.lit("")), *found])


def _lines(scene: SignalInputs, limit: Threshold) -> pl.DataFrame:
    """Return the single lines of the invoices that count, of trading firms, each with its category."""
    firms = scene.evidence.enterprises.select("enterprise", "industry").drop_nulls().rows()
    trading = [name for name, industry in firms if find(industry).section == TRADE]
    rows = scene.evidence.invoice_lines.filter(c("enterprise").is_in(trading))
    both = pl.concat(_invoices(scene, limit, direction) for direction in ("sale", "purchase"))
    told = opened(standing(rows, both))
    return told.with_columns(category=category())


def _invoices(scene: SignalInputs, limit: Threshold, direction: str) -> pl.DataFrame:
    """Return the valid invoices of the months that are compared: sales of a year, purchases of those before, too."""
    months = limit["months"] if direction == "sale" else limit["goods_months"]
    return scene.valid.filter((c("direction") == direction) & (c("slot") < months))


def _of(lines: pl.DataFrame, direction: str) -> pl.DataFrame:
    return lines.filter((c("direction") == direction) & c("category").is_not_null())


def _covered(lines: pl.DataFrame, invoices: pl.DataFrame, limit: Threshold) -> pl.DataFrame:
    """Return the firms of which enough is known by goods, with `all` that their invoices come to."""
    every = invoices.group_by("enterprise").agg(
        all=c("net_fen").sum(), size=c("net_fen").abs().sum(), invoices=pl.len()
    )
    told = lines.group_by("enterprise").agg(told=c("line_net_fen").abs().sum())
    enough = (c("invoices") >= limit["invoices"]) & (c("told") >= limit["goods_covered"] * c("size")) & (c("all") > 0)
    return every.join(told, on="enterprise").filter(enough).select("enterprise", "all")
