"""From invoices to one row of integer sums per enterprise: all summing happens here, in whole fen.

Every sum is over integers (Int128 for squares), so a value does not depend on the order of rows, on the number of
threads, or on whether one enterprise or the whole book is computed. Floats appear only in the features, element by
element.

A window of k months ends on the as-of date and counts back in months of that day: slot 0 is (as_of − 1 month, as_of],
slot 1 the month before, and so on. No window holds a part of a month.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from services.profile.portrait.domain.features.level import level

c = pl.col
SLOTS = 36  # the longest window in months; older invoices count only for tenure
NEEDS = ("enterprise", "direction", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status")
REPEATED, ANCHOR = 3, 12  # months of trade within 36 that make a repeated and an anchor partner (ours)
PARTNER_SUMS = (
    *("partners_12", "partners_12_before", "traded_12", "traded_12_before", "traded_36", "squares_12", "top1_12"),
    *("kept_12", "repeated_36", "anchored_36", "newly_12", "age_12"),
    *("repeats_36", "met_36", "kept_24"),
)
YEAR = 0b1111_1111_1111  # the bits of slots 0–11
LEAN = 6  # so many of the last twelve months, the smallest, are the lean ones (ours)


def slot_of(day: pl.Expr, as_of: date | pl.Expr) -> pl.Expr:
    """Return the whole months between a day and the as-of date, one for all rows or a column of theirs."""
    if isinstance(as_of, date):
        months = as_of.year * 12 + as_of.month - day.dt.year() * 12 - day.dt.month().cast(pl.Int32)
        return months - (day.dt.day() > as_of.day).cast(pl.Int32)
    months = (as_of.dt.year() - day.dt.year()) * 12 + as_of.dt.month().cast(pl.Int32) - day.dt.month().cast(pl.Int32)
    return months - (day.dt.day() > as_of.dt.day()).cast(pl.Int32)


def _rows(invoices: pl.LazyFrame, as_of: date | pl.Expr, by: str) -> pl.LazyFrame:
    """Return invoices up to the as-of date, with amounts and flags that a plain sum can use."""
    valid, total = c("status") == "valid", c("total_fen")
    return invoices.filter(c("date") <= as_of).select(
        by,
        "counterparty",
        "date",
        sale=c("direction") == "sale",
        slot=slot_of(c("date"), as_of).clip(0, SLOTS),
        net=_only(valid, c("net_fen")),
        tax=_only(valid, c("tax_fen")),
        blue=valid & (total > 0),
        red=valid & (total < 0),
        valid=valid,
    )


def _only(flag: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Return the value where the flag holds, else zero."""
    return pl.when(flag).then(value).otherwise(pl.lit(0, pl.Int64))


def _within(amount: str, months: int, after: int = 0) -> pl.Expr:
    """Return the amount in the slots after ≤ slot < months, else zero."""
    return _only((c("slot") >= after) & (c("slot") < months), c(amount))


def _bit(position: pl.Expr) -> pl.Expr:
    return pl.lit(2, pl.Int64).pow(position.cast(pl.Int64))


def _months(rows: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Return one row per enterprise, side and slot; invoices older than the longest window share the last slot."""
    return rows.group_by(by, "sale", "slot").agg(
        c("net", "tax").sum(),
        charged=_only(c("blue"), c("net")).sum(),
        cancelled=_only(c("red"), -c("net")).sum(),
        blues=c("blue").cast(pl.Int64).sum(),
        reds=c("red").cast(pl.Int64).sum(),
        voids=(~c("valid")).cast(pl.Int64).sum(),
        days=_only(c("blue"), _bit(c("date").dt.day())).bitwise_or(),  # a day of month occurs once in a slot
        first=pl.when("valid").then("date").min(),
        last=pl.when("valid").then("date").max(),
    )


def _flows(months: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Sum over windows of months: one row per enterprise and side."""
    active = (c("slot") < SLOTS) & (c("blues") > 0)
    net_24, levels = _within("net", 24), c("level").filter(c("slot") < 12)
    return (
        months.with_columns(level=level(c("net")))
        .group_by(by, "sale")
        .agg(
            net_3=_within("net", 3).sum(),
            net_3_before=_within("net", 15, 12).sum(),
            net_6=_within("net", 6).sum(),
            net_6_before=_within("net", 18, 12).sum(),
            net_12=_within("net", 12).sum(),
            net_12_before=_within("net", 24, 12).sum(),
            net_24=net_24.sum(),
            net_36=_within("net", SLOTS).sum(),
            moment_24=(net_24 * c("slot")).sum(),
            squares_24=(net_24.cast(pl.Int128) * net_24).sum(),
            level_6=_within("level", 6).sum(),
            level_12=levels.sum(),
            level_36=_within("level", SLOTS).sum(),
            # Silent months have no row: what is left of all twelve without the six best is the six smallest.
            lean_12=levels.sum() - levels.sort(descending=True).head(12 - LEAN).sum(),
            peak_12=_within("net", 12).max(),
            typical_12=c("net").filter((c("slot") < 12) & (c("blues") > 0)).median(),
            tax_36=_within("tax", SLOTS).sum(),
            charged_36=_within("charged", SLOTS).sum(),
            cancelled_36=_within("cancelled", SLOTS).sum(),
            blues_12=_within("blues", 12).sum(),
            blues_36=_within("blues", SLOTS).sum(),
            reds_36=_within("reds", SLOTS).sum(),
            voids_36=_within("voids", SLOTS).sum(),
            days_12=_within("days", 12).bitwise_count_ones().cast(pl.Int64).sum(),
            active=_only(active, _bit(c("slot"))).bitwise_or(),
            gap=c("slot").filter(active).sort().diff().max(),
            silent=c("slot").filter(active).min(),
            oldest=c("slot").filter(active).max(),
            first=c("first").min(),
            last=c("last").max(),
        )
    )


def _seasons(months: pl.LazyFrame, by: str) -> pl.LazyFrame:
    """Return how the last two years of sales spread over the twelve positions of a year: one row per enterprise."""
    positions = (
        months.filter(c("sale") & (c("slot") < 24))
        .group_by(by, position=c("slot") % 12)
        .agg(now=_within("net", 12).sum(), before=_within("net", 24, 12).sum())
        .with_columns(c("now", "before").clip(0).cast(pl.Int128))
    )
    both = c("now") + c("before")
    return positions.group_by(by).agg(
        season_total=both.sum(),
        season_squares=(both * both).sum(),
        season_now=c("now").sum(),
        season_before=c("before").sum(),
        season_now_squares=(c("now") * c("now")).sum(),
        season_before_squares=(c("before") * c("before")).sum(),
        season_products=(c("now") * c("before")).sum(),
        season_kept=pl.min_horizontal("now", "before").sum(),
    )


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
            met=_only(c("blue") & (c("slot") < SLOTS), _bit(c("slot"))).bitwise_or(),
            since=pl.when("valid").then("date").min(),
        )
    )


def _partners(links: pl.LazyFrame, as_of: date | pl.Expr, by: str) -> pl.LazyFrame:
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


def aggregate(invoices: pl.LazyFrame, as_of: date | pl.Expr, by: str = "enterprise") -> pl.LazyFrame:
    """Return one row per value of `by` with a known invoice; columns of sales begin with `s_`, of purchases with `p_`.

    For one enterprise as of many days, `by` and `as_of` are the column that holds the day.
    """
    rows = _rows(invoices, as_of, by)
    months = _months(rows, by)
    partners = _partners(_links(rows, by), as_of, by)
    sides = _flows(months, by).join(partners, on=[by, "sale"], how="left")
    # A side that trades with persons alone has no partners, which is known.
    sides = sides.with_columns(c(PARTNER_SUMS).fill_null(0))
    firms = months.select(by).unique()
    for prefix, of_side in (("s_", c("sale")), ("p_", ~c("sale"))):
        side = sides.filter(of_side).select(by, pl.exclude(by, "sale").name.prefix(prefix))
        firms = firms.join(side, on=by, how="left")
    return firms.join(_seasons(months, by), on=by, how="left")
