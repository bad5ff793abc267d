"""Pairs of invoices with money and goods: receipts, payments, orders, deliveries."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.crosscheck.rule import Material

c = pl.col
PATIENCE = "-6mo"  # what was invoiced by then should be paid by now
UNDERWAY = "-1mo"  # goods may follow their invoice
LEAST_FEN = 1_000_000  # ten thousand yuan: less may be cash
WITH = ("enterprise", "counterparty")


def receipts_below_sales(material: Material) -> pl.LazyFrame:
    """Pair, per customer, all that was received with what had been invoiced half a year ago."""
    return _settled(material, "sale", "in", PATIENCE)


def receipts_above_sales(material: Material) -> pl.LazyFrame:
    """Pair, per customer, all that was received with all that was invoiced."""
    invoiced = _invoiced(material, "sale", None)
    received = _moved(material, "in").filter(c("left") >= LEAST_FEN)
    banked = invoiced.select("enterprise").unique()
    both = received.join(banked, on="enterprise", how="semi").join(invoiced, on=WITH, how="left")
    return _pair(material, both.with_columns(c("right").fill_null(0.0)))


def payments_below_purchases(material: Material) -> pl.LazyFrame:
    """Pair, per supplier, all that was paid with what had been invoiced half a year ago."""
    return _settled(material, "purchase", "out", PATIENCE)


def delivered_of_ordered(material: Material) -> pl.LazyFrame:
    """Pair, per order, what was delivered against it with what was ordered."""
    delivered = material.evidence.deliveries.lazy().group_by("enterprise", "direction", c("order").alias("number"))
    orders = material.evidence.orders.lazy().filter(c("status") != "cancelled")
    joined = orders.join(
        delivered.agg(left=c("amount_fen").sum()), on=("enterprise", "direction", "number"), how="inner"
    )
    return joined.select(
        "enterprise",
        c("number").alias("subject"),
        "counterparty",
        c("date").alias("on"),
        c("left").cast(pl.Float64),
        right=c("amount_fen").cast(pl.Float64),
    )


def delivered_of_invoiced(material: Material) -> pl.LazyFrame:
    """Pair, per customer, what was delivered by now with what was invoiced a month ago, where deliveries are known."""
    sold = material.evidence.deliveries.lazy().filter(c("direction") == "sale")
    delivered = sold.group_by(WITH).agg(left=c("amount_fen").sum().cast(pl.Float64))
    return _against(material, delivered, _invoiced(material, "sale", UNDERWAY))


def _settled(material: Material, direction: str, way: str, patience: str) -> pl.LazyFrame:
    """Pair what moved with what was invoiced, where money of unknown parties cannot be what is lacking."""
    pairs = _against(material, _moved(material, way), _invoiced(material, direction, patience))
    untold = _money(material, way).filter(c("counterparty").is_null() & c("party_match").ne_missing("own"))
    unknown = untold.group_by("enterprise").agg(unknown=c("amount_fen").sum().cast(pl.Float64))
    known = pairs.join(unknown, on="enterprise", how="left")
    lacking = c("right") - c("left")
    return known.filter((lacking <= 0) | (c("unknown").fill_null(0.0) < lacking)).drop("unknown")


def _against(material: Material, moved: pl.LazyFrame, invoiced: pl.LazyFrame) -> pl.LazyFrame:
    """Pair what a source tells with what was invoiced, for the firms that the source knows at all."""
    large = invoiced.filter(c("right") >= LEAST_FEN).join(
        moved.select("enterprise").unique(), on="enterprise", how="semi"
    )
    return _pair(material, large.join(moved, on=WITH, how="left").with_columns(c("left").fill_null(0.0)))


def _invoiced(material: Material, direction: str, before: str | None) -> pl.LazyFrame:
    """Sum valid invoices up to a day per partner, less all red letters: a late one cancels an early invoice."""
    last = pl.lit(material.as_of).dt.offset_by(before) if before else pl.lit(material.as_of)
    counted = (c("date") <= last) | (c("total_fen") < 0)
    named = c("counterparty").is_not_null()
    rows = material.evidence.invoices.lazy().filter(c("direction") == direction, c("status") == "valid", counted, named)
    return rows.group_by(WITH).agg(right=c("total_fen").sum().cast(pl.Float64))


def _moved(material: Material, way: str) -> pl.LazyFrame:
    """Sum the money for goods, or without a stated purpose, per partner."""
    told = _money(material, way).filter(c("counterparty").is_not_null())
    return told.group_by(WITH).agg(left=c("amount_fen").sum().cast(pl.Float64))


def _money(material: Material, way: str) -> pl.LazyFrame:
    goods = c("purpose").is_null() | (c("purpose") == "goods")
    return material.evidence.payments.lazy().filter(c("direction") == way, c("status") == "valid", goods)


def _pair(material: Material, rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.select(
        "enterprise",
        c("counterparty").alias("subject"),
        "counterparty",
        pl.lit(material.as_of).alias("on"),
        "left",
        "right",
    )
