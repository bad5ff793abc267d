"""From invoices to one row of integer sums per enterprise: all summing happens here, in whole fen.

Every sum is over integers (Int128 for squares), so a value does not depend on the order of rows, on the number of
threads, or on whether one enterprise or the whole book is computed. Floats appear only in the features, element by
element.

A window of k months ends on the as-of date and counts back in months of that day: slot 0 is (as_of − 1 month, as_of],
slot 1 the month before, and so on. No window holds a part of a month.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from services.profile.portrait.domain.features.level import level
from services.profile.portrait.domain.features.reversals import explained

c = pl.col
SLOTS = 36  # the longest window in months; older invoices count only for tenure
NEEDS = ("enterprise", "direction", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status", "reversal")
REPEATED, ANCHOR = 3, 12  # months of trade within 36 that make a repeated and an anchor partner (ours)
PARTNER_SUMS = (
    *("partners_12", "partners_12_before", "traded_12", "traded_12_before", "traded_36", "squares_12", "top1_12"),
    *("kept_12", "repeated_36", "anchored_36", "newly_12", "age_12"),
    *("repeats_36", "met_36", "kept_24"),
)
SUMS = ("net", "tax", "charged", "cancelled", "issued", "blues", "reds", "voids")
YEAR = 0b1111_1111_1111  # the bits of slots 0–11
LEAN = 6  # so many of the last twelve months, the smallest, are the lean ones (ours)


def slot_of(day: pl.Expr, as_of: date | pl.Expr) -> pl.Expr:
    """Return the whole months between a day and the as-of date, one for all rows or a column of theirs."""
    if isinstance(as_of, date):
        months = as_of.year * 12 + as_of.month - day.dt.year() * 12 - day.dt.month().cast(pl.Int32)
        return months - (day.dt.day() > as_of.day).cast(pl.Int32)
    months = (as_of.dt.year() - day.dt.year()) * 12 + as_of.dt.month().cast(pl.Int32) - day.dt.month().cast(pl.Int32)
    return months - (day.dt.day() > as_of.dt.day()).cast(pl.Int32)


def rows_of(invoices: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Return invoices with what sums, bit-wise ors and minima of many of them can be made of.

    A blue invoice told as cancelled in full is none, one told as cancelled in part has no amount (`reversals`); both
    are `issued` and `charged`, as their red letters are `reds` and `cancelled`, for the rates of red letters.
    """
    valid, total = c("status") == "valid", c("total_fen")
    blue, red = valid & (total > 0), valid & (total < 0)
    told = "reversal" in invoices.collect_schema()
    stands = valid & (c("reversal").is_null() | (total <= 0)) if told else valid
    counts = blue & c("reversal").ne_missing("whole") if told else blue
    # A red letter is no business: dated long ago, one of a fen would make a firm old.
    dated = pl.when(counts).then("date")
    found = invoices.select(
        *by,
        "counterparty",
        "date",
        sale=c("direction") == "sale",
        net=_only(stands, c("net_fen")),
        tax=_only(stands, c("tax_fen")),
        charged=_only(blue, c("net_fen")),
        cancelled=_only(red, -c("net_fen")),
        issued=blue.cast(pl.Int64),
        blues=counts.cast(pl.Int64),
        reds=red.cast(pl.Int64),
        voids=(~valid).cast(pl.Int64),
        days=_only(counts, _bit(c("date").dt.day())),  # a day of month occurs once in a slot
        first=dated,
        last=dated,
    )
    if not told:
        return found
    # What they took off once more is given back.
    none = dict.fromkeys((*SUMS, "days"), pl.lit(0, pl.Int64)) | dict.fromkeys(("first", "last"), pl.lit(None, pl.Date))
    back = explained(invoices, *by).with_columns(**(none | {"net": -c("net_fen"), "tax": -c("tax_fen")}))
    return pl.concat([found, back.select(found.collect_schema().names())])


def _only(flag: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Return the value where the flag holds, else zero."""
    return pl.when(flag).then(value).otherwise(pl.lit(0, pl.Int64))


def _within(amount: str, months: int, after: int = 0) -> pl.Expr:
    """Return the amount in the slots after ≤ slot < months, else zero."""
    return _only((c("slot") >= after) & (c("slot") < months), c(amount))


def _bit(position: pl.Expr) -> pl.Expr:
    return pl.lit(2, pl.Int64).pow(position.cast(pl.Int64))


def months_of(rows: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Return one row per enterprise, side and slot; invoices older than the longest window share the last slot."""
    return rows.group_by(by, "sale", "slot").agg(_summed())


def _summed() -> list[pl.Expr]:
    return [
        c(SUMS).sum(),
        c("days").bitwise_or(),
        c("first").min(),
        c("last").max(),
    ]


def _flows() -> dict[str, pl.Expr]:
    """Return the sums over windows of months of one side."""
    active = (c("slot") < SLOTS) & (c("blues") > 0)
    net_24, levels = _within("net", 24), c("level").filter(c("slot") < 12)
    return {
        "net_3": _within("net", 3).sum(),
        "net_3_before": _within("net", 15, 12).sum(),
        "net_6": _within("net", 6).sum(),
        "net_6_before": _within("net", 18, 12).sum(),
        "net_12": _within("net", 12).sum(),
        "net_12_before": _within("net", 24, 12).sum(),
        "net_24": net_24.sum(),
        "net_36": _within("net", SLOTS).sum(),
        "moment_24": (net_24 * c("slot")).sum(),
        "squares_24": (net_24.cast(pl.Int128) * net_24).sum(),
        "level_6": _within("level", 6).sum(),
        "level_12": levels.sum(),
        "level_36": _within("level", SLOTS).sum(),
        # Silent months have no row: what is left of all twelve without the six best is the six smallest.
        "lean_12": levels.sum() - levels.sort(descending=True).head(12 - LEAN).sum(),
        "peak_12": _within("net", 12).max(),
        "typical_12": c("net").filter((c("slot") < 12) & (c("blues") > 0)).median(),
        "tax_36": _within("tax", SLOTS).sum(),
        "charged_12": _within("charged", 12).sum(),
        "charged_36": _within("charged", SLOTS).sum(),
        "cancelled_36": _within("cancelled", SLOTS).sum(),
        "issued_36": _within("issued", SLOTS).sum(),
        "blues_12": _within("blues", 12).sum(),
        "blues_36": _within("blues", SLOTS).sum(),
        "reds_36": _within("reds", SLOTS).sum(),
        "voids_36": _within("voids", SLOTS).sum(),
        "days_12": _within("days", 12).bitwise_count_ones().cast(pl.Int64).sum(),
        "active": _only(active, _bit(c("slot"))).bitwise_or(),
        "gap": c("slot").filter(active).sort().diff().max(),
        "silent": c("slot").filter(active).min(),
        "oldest": c("slot").filter(active).max(),
        "first": c("first").min(),
        "last": c("last").max(),
    }


def _seasons(months: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Return the twelve positions of a year: what was sold in each in the last two years, one row per enterprise."""
    return (
        months.filter(c("sale") & (c("slot") < 24))
        .group_by(by, position=c("slot") % 12)
        .agg(now=_within("net", 12).sum(), before=_within("net", 24, 12).sum())
        .with_columns(c("now", "before").clip(0).cast(pl.Int128))
    )


def _spread() -> dict[str, pl.Expr]:
    """Return the sums over the positions of a year."""
    both = c("now") + c("before")
    return {
        "season_total": both.sum(),
        "season_squares": (both * both).sum(),
        "season_now": c("now").sum(),
        "season_before": c("before").sum(),
        "season_now_squares": (c("now") * c("now")).sum(),
        "season_before_squares": (c("before") * c("before")).sum(),
        "season_products": (c("now") * c("before")).sum(),
        "season_kept": pl.min_horizontal("now", "before").sum(),
    }


MADE = (_flows(), _spread())


def _links(rows: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Return what was traded, in which months, since when: one row per enterprise, side and counterparty.

    Who buys or sells without a code is no partner: that trade counts in the sums of the sides only.
    """
    return (
        rows.filter(c("counterparty").is_not_null())
        .group_by(by, "sale", "counterparty")
        .agg(
            x12=_within("net", 12).sum(),
            x12_before=_within("net", 24, 12).sum(),
            x36=_within("net", SLOTS).sum(),
            met=_only((c("blues") > 0) & (c("slot") < SLOTS), _bit(c("slot"))).bitwise_or(),
            since=c("first").min(),
        )
    )


def partners_of(links: pl.LazyFrame, as_of: date | pl.Expr, by: str) -> pl.LazyFrame:
    """Return concentration, retention, repetition and age of links: one row per enterprise and side.

    Only counterparties with a positive net amount in the window count: one that cancelled everything is no partner.
    """
    met = c("met").bitwise_count_ones()
    wide = c("x12").cast(pl.Int128)
    day = pl.lit(as_of) if isinstance(as_of, date) else as_of
    positive = links.with_columns(c("x12", "x12_before", "x36").clip(0))
    return positive.group_by(by, "sale").agg(
        partners_12=(c("x12") > 0).cast(pl.Int64).sum(),
        partners_12_before=(c("x12_before") > 0).cast(pl.Int64).sum(),
        traded_12=c("x12").sum(),
        traded_12_before=c("x12_before").sum(),
        traded_36=c("x36").sum(),
        squares_12=(wide * wide).sum(),
        top1_12=c("x12").max(),
        kept_12=_only(c("x12") > 0, c("x12_before")).sum(),
        kept_24=pl.min_horizontal("x12", "x12_before").sum(),
        repeated_36=_only(met >= REPEATED, c("x36")).sum(),
        anchored_36=_only(met >= ANCHOR, c("x36")).sum(),
        repeats_36=((met >= REPEATED) & (c("x36") > 0)).cast(pl.Int64).sum(),
        met_36=met.cast(pl.Int64).sum(),
        newly_12=_only(c("met") <= YEAR, c("x12")).sum(),
        age_12=(c("x12") * (day - c("since")).dt.total_days().fill_null(0)).sum(),
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What is summed of invoices before anything is put in proportion: `months_of` and `partners_of` them."""

    months: pl.LazyFrame
    partners: pl.LazyFrame


def parts(rows: pl.LazyFrame, as_of: date | pl.Expr, by: str = "enterprise") -> Parts:
    """Return the months and the partners of rows (`rows_of`) up to the as-of date, for each value of `by`."""
    dated = rows.filter(c("date") <= as_of).with_columns(slot=slot_of(c("date"), as_of).clip(0, SLOTS))
    return Parts(months_of(dated, by), partners_of(_links(dated, by), as_of, by))


def fold(summed: Parts, by: str = "enterprise", wanted: Collection[str] | None = None) -> pl.LazyFrame:
    """Return one row per value of `by`; columns of sales begin with `s_`, of purchases with `p_`.

    `wanted` are the sums that are made, without these beginnings (None: all), as far as the parts have them.
    """
    flows, spread = ({name: sum_ for name, sum_ in sums.items() if wanted is None or name in wanted} for sums in MADE)
    months, partners = summed.months.with_columns(level=level(c("net"))), summed.partners
    sides = months.group_by(by, "sale").agg(**flows).join(partners, on=[by, "sale"], how="left")
    # A side that trades with persons alone has no partners, which is known.
    there = set(partners.collect_schema().names())
    sides = sides.with_columns(c([name for name in PARTNER_SUMS if name in there]).fill_null(0))
    firms = months.select(by).unique()
    for prefix, of_side in (("s_", c("sale")), ("p_", ~c("sale"))):
        side = sides.filter(of_side).select(by, pl.exclude(by, "sale").name.prefix(prefix))
        firms = firms.join(side, on=by, how="left")
    return firms.join(_seasons(months, by).group_by(by).agg(**spread), on=by, how="left") if spread else firms


def aggregate(invoices: pl.LazyFrame, as_of: date | pl.Expr, by: str = "enterprise") -> pl.LazyFrame:
    """Return one row per value of `by` with a known invoice, as `fold` has it.

    For one enterprise as of many days, `by` and `as_of` are the column that holds the day.
    """
    return fold(parts(rows_of(invoices, by), as_of, by), by)
