"""Pairs from invoices: with the partner's book, with themselves, with the VAT rates and the calendar."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files

import polars as pl

from services.profile.book.domain.party import as_counterparty, party_of
from services.profile.portrait.domain.crosscheck.rule import Material

c = pl.col
KEY = ("enterprise", "direction", "counterparty", "code", "number", "date")
LEAST_INVOICES = 20  # a share of fewer says nothing
WEEKEND_SHARE = 2 / 7
USUAL_ROUND = 0.25  # the median firm of the real book (cumcm2020c, 324 firms with 20 sales in a year)
ROUND_FEN = 100_000  # a thousand yuan
# Numbers within a roll follow one another; a roll that is mostly absent was somebody else's.
ROLL, DENSE = 50, 0.8


def mirrored_invoice(material: Material) -> pl.LazyFrame:
    """Pair the totals that both sides report of each invoice between two firms of the book."""
    return _both(material).select(
        "enterprise", c("number").alias("subject"), "counterparty", c("date").alias("on"), "left", "right"
    )


def own_words(material: Material) -> pl.LazyFrame:
    """Pair what either side says only itself with silence: of its own word always, of the partner's where it is news.

    The first come out the same whatever files the book holds, since the firm that said it reads them; of the others
    those are left out that the firm's own book bears out to the fen.
    """
    ours = _statements(material.evidence.invoices.lazy().filter(material.spoken), own=True)
    said = (
        ours.filter(c("counterparty").is_not_null())
        .with_columns(right=pl.lit(None, pl.Float64))
        .rename({"total": "left"})
    )
    mine = material.books.lazy().select("enterprise", "direction", "first", "last")
    theirs = _statements(material.mirrored.lazy().filter(material.spoken), own=False)
    heard = theirs.join(mine, on=("enterprise", "direction")).filter(c("date").is_between("first", "last"))
    book = _statements(material.heard(material.evidence.invoices.lazy()), own=True).select(*KEY, left="total")
    news = heard.rename({"total": "right"}).join(book, on=KEY, how="left", nulls_equal=True)
    columns = ("enterprise", c("number").alias("subject"), "counterparty", c("date").alias("on"), "left", "right")
    return pl.concat([said.select(columns), news.filter(c("left").ne_missing(c("right"))).select(columns)])


def mirrored_status(material: Material) -> pl.LazyFrame:
    """Pair, for each invoice that both report, how many of its statements are valid on either side."""
    both = _both(material).filter(c("left").is_not_null(), c("right").is_not_null())
    return both.select(
        "enterprise",
        c("number").alias("subject"),
        "counterparty",
        c("date").alias("on"),
        left=c("valid").cast(pl.Float64),
        right=c("valid_right").cast(pl.Float64),
    )


def tax_above_rate(material: Material) -> pl.LazyFrame:
    """Pair the tax of each valid invoice with what the highest rate of its day gives; both without sign.

    A red letter may cancel a sale of any earlier day, at the rate of that day.
    """
    days, rates = zip(*highest_rates(), strict=True)
    until_then = [max(rates[: place + 1]) for place in range(len(rates))]
    rate = pl.when(c("total_fen") < 0).then(_since(days, until_then)).otherwise(_since(days, rates))
    return _valid(material).select(
        "enterprise",
        c("number").alias("subject"),
        "counterparty",
        c("date").alias("on"),
        left=c("tax_fen").abs().cast(pl.Float64),
        right=(c("net_fen").abs() * rate).ceil(),
    )


@cache
def highest_rates() -> tuple[tuple[date, float], ...]:
    """Return the highest rates of VAT with the days from which they hold, the oldest first."""
    declared = tomllib.loads((files(__package__) / "vat_rates.toml").read_text("utf-8"))["rate"]
    return tuple(sorted((entry["since"], entry["highest"]) for entry in declared))


def _since(days: Sequence[date], rates: Sequence[float]) -> pl.Expr:
    rate = pl.lit(rates[0])
    for day, other in zip(days[1:], rates[1:], strict=True):
        rate = pl.when(c("date") >= day).then(other).otherwise(rate)
    return rate


def red_above_blue(material: Material) -> pl.LazyFrame:
    """Pair, where red letters name the invoice that they cancel, their sum with its total; both without sign."""
    same = ("enterprise", "direction", "number")
    valid = _valid(material)
    red = valid.filter(c("total_fen") < 0, c("blue_number").is_not_null()).rename({"number": "own"})
    taken = red.group_by("enterprise", "direction", c("blue_number").alias("number")).agg(
        c("date").max().alias("on"), left=-c("total_fen").sum()
    )
    blue = valid.filter(c("total_fen") > 0).group_by(same).agg(c("counterparty").min(), right=c("total_fen").sum())
    return taken.join(blue, on=same).select(
        "enterprise",
        c("number").alias("subject"),
        "counterparty",
        "on",
        c("left").cast(pl.Float64),
        c("right").cast(pl.Float64),
    )


def number_used_twice(material: Material) -> pl.LazyFrame:
    """Count the invoices of a seller with one code and number: for sales the firm itself, else the partner, sells."""
    seller = pl.when(c("direction") == "sale").then("enterprise").otherwise("counterparty").alias("seller")
    # Sellers without a code cannot be told apart.
    told = (c("direction") == "sale") | c("counterparty").is_not_null()
    same = material.evidence.invoices.lazy().filter(told).group_by("enterprise", "direction", seller, "code", "number")
    return same.agg(c("counterparty").min(), c("date").min().alias("on"), left=pl.len().cast(pl.Float64)).select(
        "enterprise", c("number").alias("subject"), "counterparty", "on", "left", right=pl.lit(1.0)
    )


def number_missing(material: Material) -> pl.LazyFrame:
    """Pair each number of a seller's dense rolls with the one that should follow the number before it."""
    number = c("number").cast(pl.Int64, strict=False)
    sold = material.evidence.invoices.lazy().filter(c("direction") == "sale")
    found = sold.select("enterprise", "code", "counterparty", "date", at=number).filter(c("at").is_not_null())
    first = found.unique(["enterprise", "code", "at"], keep="first", maintain_order=True)
    own = ("enterprise", "code")
    roll = (*own, c("at") // ROLL)
    dense = pl.len().over(roll) >= DENSE * (c("at").max() - c("at").min() + 1).over(roll)
    lasting = first.filter(dense & (pl.len().over(roll) >= ROLL // 5)).sort("enterprise", "code", "at", nulls_last=True)
    before = c("at").shift(1).over(own)
    near = (c("at") - before) < ROLL // 2  # a larger step is another roll
    return (
        lasting.with_columns(before=before)
        .filter(c("before").is_not_null() & near)
        .select(
            "enterprise",
            (c("before") + 1).cast(pl.String).str.zfill(8).alias("subject"),
            "counterparty",
            c("date").alias("on"),
            left=c("at").cast(pl.Float64),
            right=(c("before") + 1).cast(pl.Float64),
        )
    )


def weekend_sales(material: Material) -> pl.LazyFrame:
    """Return the share of a year's sales invoiced on Saturdays and Sundays."""
    weekend = c("date").dt.weekday() > 5
    return _share(material, weekend, WEEKEND_SHARE)


def round_amounts(material: Material) -> pl.LazyFrame:
    """Return the share of a year's sales in whole thousands of yuan, by count."""
    return _share(material, c("total_fen") % ROUND_FEN == 0, USUAL_ROUND)


def year_of_sales(material: Material) -> pl.LazyFrame:
    """Return valid sales of the twelve months up to the day of the checks."""
    since = pl.lit(material.as_of).dt.offset_by("-12mo")
    return _valid(material).filter(c("direction") == "sale", c("date") > since)


def _share(material: Material, counted: pl.Expr, usual: float) -> pl.LazyFrame:
    sales = year_of_sales(material).filter(c("total_fen") > 0).group_by("enterprise")
    return (
        sales.agg(left=counted.mean(), count=pl.len())
        .filter(c("count") >= LEAST_INVOICES)
        .select("enterprise", _year(material), _nobody(), _on(material), "left", right=pl.lit(usual))
    )


def _both(material: Material) -> pl.LazyFrame:
    """Return own and partner's statements of the same invoice, where the partner's book covers the day."""
    own = _statements(material.heard(material.evidence.invoices.lazy()), own=True)
    theirs = _statements(material.heard(material.mirrored.lazy()), own=False)
    covering = material.books.lazy()
    # Silence counts only where the silent side has a book of that direction over that day.
    partner = covering.select(as_counterparty(c("enterprise")).alias("counterparty"), _opposite(), "first", "last")
    kept = own.join(partner, on=("counterparty", "direction")).filter(c("date").is_between("first", "last"))
    mine = covering.select("enterprise", "direction", "first", "last")
    mirrored = theirs.join(mine, on=("enterprise", "direction")).filter(c("date").is_between("first", "last"))
    joined = kept.join(mirrored, on=KEY, how="full", coalesce=True, nulls_equal=True, suffix="_right")
    return joined.rename({"total": "left", "total_right": "right"})


def _statements(rows: pl.LazyFrame, *, own: bool) -> pl.LazyFrame:
    """Return invoices as seen from the enterprise whose checks are run, one row per key."""
    ours, theirs = c("enterprise"), c("counterparty")
    if not own:
        ours, theirs = party_of(theirs).alias("enterprise"), ours.alias("counterparty")
        rows = rows.with_columns(_opposite())
    rows = rows.with_columns(ours, as_counterparty(theirs))
    return rows.group_by(KEY).agg(
        total=c("total_fen").sum().cast(pl.Float64), valid=(c("status") == "valid").sum().cast(pl.Int64)
    )


def _opposite() -> pl.Expr:
    return pl.when(c("direction") == "sale").then(pl.lit("purchase")).otherwise(pl.lit("sale")).alias("direction")


def _valid(material: Material) -> pl.LazyFrame:
    return material.evidence.invoices.lazy().filter(c("status") == "valid")


def _year(material: Material) -> pl.Expr:
    first = pl.lit(material.as_of).dt.offset_by("-12mo").dt.offset_by("1d")
    return pl.format("{}…{}", first, pl.lit(material.as_of)).alias("subject")


def _nobody() -> pl.Expr:
    return pl.lit(None, pl.String).alias("counterparty")


def _on(material: Material) -> pl.Expr:
    return pl.lit(material.as_of).alias("on")
