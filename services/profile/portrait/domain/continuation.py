"""Continuations: how a firm's own invoices could go on, month by month, and the features that they would then have.

A plan goes on from the firm's own last twelve months: each of their valid invoices, red letters too, comes again a
year later; what its source tells as cancelled does not, nor do the red letters that cancel it. Its `steps` say what is
added. `CARRY_ON` adds nothing. `EVERY_MONTH` lifts each month that was leaner than the firm's median month to that
month, with the firm's steadiest partners. `FORMER_PARTNERS` also brings in each month a small invoice with as many of
these as a good month of its own has (the upper quartile). Sales and purchases go alike. Everything then grows by
`share` of the firm's own pace, month upon month.

The pace is the firm's own: of its sales of three months against the same months a year before, over the past year, the
upper quartile, as a rate a month; at least `FLOOR`, at most `CAP` (a doubling in a year), the floor where less than
four such comparisons are known. No partner is supposed that the firm did not have in the last 36 months.

The rows of a plan are invoices like any other: written into the book they give these features to the bit, since the
same sums are made of them (`features.aggregates`). What has been sold so far is summed once and added to each plan.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from itertools import product
from math import ceil
from typing import Any

import polars as pl

from services.profile.portrait.domain.features.aggregates import (
    NEEDS,
    SLOTS,
    Parts,
    fold,
    gathered,
    links_of,
    months_of,
    partners_of,
    parts,
    rows_of,
    slot_of,
)
from services.profile.portrait.domain.features.catalogue import read_off
from services.profile.portrait.domain.features.reversals import standing, told_of, where_told

c = pl.col
MONTHS = 12
QUANTILE = 0.75  # of the firm's own growth, and of its partners a month
FLOOR, CAP = 0.01, 2 ** (1 / MONTHS) - 1
FEWEST = 4  # comparisons with the year before that make a pace
SHARES = (0.0, 0.5, 1.0)
SIDES = ("sale", "purchase")


class Step(IntEnum):
    """What a plan adds to last year's invoices; each holds the one before."""

    CARRY_ON = 0
    EVERY_MONTH = 1
    FORMER_PARTNERS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to go on: what is added, and the share of the firm's own pace."""

    step: Step
    share: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a firm may grow in a plan: a rate a month, and what it is from (`own`, `floor` or `cap`)."""

    rate: float
    basis: str
    comparisons: int


PLANS = tuple(Plan(step, share) for step, share in product(Step, SHARES))


@dataclass(frozen=True, slots=True)
class Continuation:
    """The plans of one firm. `features` has a row per plan (a place in `plans`) and month from 0, with its `day`;
    `months` what each month from 1 sells and buys, in fen, and the buyers and suppliers in it."""

    plans: Sequence[Plan]
    pace: Pace
    features: pl.DataFrame
    months: pl.DataFrame


def day_after(as_of: date, months: int) -> date:
    """Return the same day so many months later, or the last of a shorter month."""
    year, month = divmod(as_of.year * 12 + as_of.month - 1 + months, 12)
    return date(year, month + 1, min(as_of.day, calendar.monthrange(year, month + 1)[1]))


def continuation(
    invoices: pl.DataFrame, as_of: date, names: Collection[str] | None = None, plans: Sequence[Plan] = PLANS
) -> Continuation:
    """Return what a firm's features (None: all) become under each plan, from its invoices (`NEEDS`) of up to a day."""
    known = invoices.select(NEEDS).filter(c("date") <= as_of)
    pace = pace_of(known, as_of)
    rows = planned(known, as_of, plans, pace)
    days = pl.DataFrame({"month": range(MONTHS + 1), "as_of": [day_after(as_of, month) for month in range(MONTHS + 1)]})
    points = pl.DataFrame({"plan": range(len(plans))}).join(days, how="cross").with_row_index("row")
    code = pl.Enum(known["counterparty"].drop_nulls().unique().sort())  # whole numbers group the quicker
    past, new = (each.with_columns(c("counterparty").cast(code).to_physical()) for each in (known, rows))
    sums = fold(_together(past, new, points), c("as_of"), "row").collect()
    found = read_off(sums.join(points, on="row"), c("as_of"), "row", names)
    features = points.join(found, on="row", how="left", maintain_order="left").drop("row").rename({"as_of": "day"})
    return Continuation(plans, pace, features, _by_month(rows, points))


def planned(
    invoices: pl.DataFrame, as_of: date, plans: Sequence[Plan] = PLANS, pace: Pace | None = None
) -> pl.DataFrame:
    """Return the invoices of each plan's twelve months: `NEEDS`, `plan` (a place in `plans`), `month` (from 1).

    The pace is the firm's own where none is given.
    """
    pace = pace or pace_of(invoices, as_of)
    known = standing(invoices.select(NEEDS).filter(c("date") <= as_of, c("status") == "valid"))
    known = known.with_columns(slot=slot_of(c("date"), as_of))
    pattern = _pattern(known, as_of)
    growth = pl.DataFrame(
        [
            (place, int(plan.step), month, (1 + plan.share * pace.rate) ** month)
            for place, plan in enumerate(plans)
            for month in range(1, MONTHS + 1)
        ],
        schema={"plan": pl.Int64, "step": pl.Int64, "month": pl.Int64, "times": pl.Float64},
        orient="row",
    )
    grown = [(c(name) * c("times")).round(0).cast(pl.Int64) for name in ("net_fen", "tax_fen")]
    rows = pattern.join(growth, on="month").filter(c("added") <= c("step")).with_columns(grown)
    return rows.with_columns(total_fen=c("net_fen") + c("tax_fen")).select(*NEEDS, "plan", "month")


def pace_of(invoices: pl.DataFrame, as_of: date) -> Pace:
    """Return a firm's own pace, of its sales up to a day."""
    known = invoices.filter(c("direction") == "sale", c("status") == "valid", c("date") <= as_of)
    sales = standing(known.select(NEEDS))
    slots = sales.select("net_fen", slot=slot_of(c("date"), as_of)).group_by("slot").agg(c("net_fen").sum())
    sold = dict(slots.iter_rows())
    reach = max(sold, default=0)
    grown = []
    for latest in range(MONTHS):
        now, before = (sum(sold.get(latest + back + step, 0) for step in range(3)) for back in (0, MONTHS))
        if now > 0 and before > 0 and reach >= latest + MONTHS + 2:
            grown.append(now / before)
    if len(grown) < FEWEST:
        return Pace(FLOOR, "floor", len(grown))
    rate = _quantile(grown, QUANTILE) ** (1 / MONTHS) - 1
    return Pace(min(max(rate, FLOOR), CAP), "floor" if rate < FLOOR else "cap" if rate > CAP else "own", len(grown))


def _pattern(known: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the rows that plans are made of, before growth: `NEEDS`, `month`, and from which step on they are in."""
    moved = known.filter(c("slot") < MONTHS).with_columns(
        date=c("date").dt.offset_by("12mo"), month=(MONTHS - c("slot")).cast(pl.Int64), added=pl.lit(0, pl.Int64)
    )
    moved = moved.drop("slot")
    added = [row for side in SIDES for row in _added(known.filter(c("direction") == side), moved, side, as_of)]
    return pl.concat([moved, pl.DataFrame(added, schema=moved.schema, orient="row")])


def _added(known: pl.DataFrame, moved: pl.DataFrame, side: str, as_of: date) -> list[tuple[Any, ...]]:
    """Return the rows of one side that the steps after the first add, in order."""
    blue = known.filter(c("total_fen") > 0, c("slot") < SLOTS)
    if blue.is_empty():
        return []
    usual = _usual(known, blue)
    again = (
        moved.filter(c("direction") == side)
        .group_by("month")
        .agg(c("net_fen").sum(), partners=c("counterparty").filter(c("total_fen") > 0))
    )
    sold = {month: (net, set(partners)) for month, net, partners in again.iter_rows()}
    rows = []
    for month in range(1, MONTHS + 1):
        net, partners = sold.get(month, (0, set()))
        lift = usual.partners[: usual.few] if net < usual.month else []
        rows += usual.invoices(side, as_of, month, lift, (usual.month - net) // max(len(lift), 1), Step.EVERY_MONTH)
        missing = [name for name in usual.partners[: usual.many] if name not in partners and name not in lift]
        rows += usual.invoices(side, as_of, month, missing, usual.order, Step.FORMER_PARTNERS)
    return rows


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual for a firm on one side: amounts in fen, partners by steadiness, how many of them a month has."""

    enterprise: str
    month: int
    order: int
    tax: float
    partners: Sequence[str | None]
    few: int
    many: int

    def invoices(
        self, side: str, as_of: date, month: int, partners: Sequence[str | None], net: int, step: Step
    ) -> list[tuple[Any, ...]]:
        """Return one invoice of an amount with each of some partners, spread over a month of the plan."""
        start = day_after(as_of, month - 1)
        days = (day_after(as_of, month) - start).days
        tax = round(net * self.tax)
        return [
            (
                self.enterprise, side, partner, start + timedelta(days=1 + place * days // len(partners)),
                net, tax, net + tax, "valid", None, month, int(step),
            )
            for place, partner in enumerate(partners)
            if net > 0
        ]  # fmt: skip


def _usual(known: pl.DataFrame, blue: pl.DataFrame) -> _Usual:
    recent = blue.filter(c("slot") < MONTHS)
    base = blue if recent.is_empty() else recent
    months = known.join(base.select("slot").unique(), on="slot", how="semi")
    nets = months.group_by("slot").agg(c("net_fen").sum()).filter(c("net_fen") > 0)["net_fen"].to_list()
    met = base.group_by("slot").agg(c("counterparty").drop_nulls().n_unique())["counterparty"].to_list()
    steady = (
        blue.drop_nulls("counterparty")
        .group_by("counterparty")
        .agg(c("slot").n_unique(), c("net_fen").sum())
        .sort("slot", "net_fen", "counterparty", descending=[True, True, False])["counterparty"]
        .to_list()
    )
    net, tax = int(blue["net_fen"].sum()), int(blue["tax_fen"].sum())
    return _Usual(
        enterprise=known.item(0, "enterprise"),
        month=int(_quantile(nets, 0.5)) if nets else 0,
        order=int(_quantile(blue["net_fen"].to_list(), 1 - QUANTILE)),
        tax=tax / net if net > 0 else 0.0,
        partners=steady or [None],
        few=max(1, ceil(_quantile(met, 0.5))),
        many=max(1, ceil(_quantile(met, QUANTILE))),
    )


def _quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of some values, interpolated between the two next to it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _together(known: pl.DataFrame, rows: pl.DataFrame, points: pl.DataFrame) -> Parts:
    """Return months and links of what is known and of each plan's rows so far, added up by the row of `points`."""
    moments = points.select("month", "as_of").unique().sort("month")
    days = moments["as_of"].to_list()
    # Collected at each step: what the next asks for twice is summed once.
    old, new = pl.collect_all(
        [
            gathered(rows_of(where_told(known).lazy(), "enterprise"), "enterprise", days).drop("enterprise"),
            gathered(_rows_after(known, rows), "plan", days),
        ]
    )
    past = parts(old.lazy().join(moments.lazy(), how="cross"), c("as_of"), "month")
    added = parts(new.lazy().join(points.lazy(), on="plan").drop("plan", "month"), c("as_of"), "row")
    old_months, old_links, new_months, new_links = pl.collect_all([past.months, past.links, added.months, added.links])
    keys = points.select("row", "month")
    months = pl.concat([old_months.join(keys, on="month").select(new_months.columns), new_months])
    # Whom no plan trades with stays the same in all of them.
    traded = c("counterparty").is_in(new_links["counterparty"].unique().implode())
    links = pl.concat([old_links.filter(traded).join(keys, on="month").select(new_links.columns), new_links])
    others = old_links.filter(~traded).join(moments, on="month").lazy()
    summed = pl.collect_all(
        [months_of(months.lazy(), "row"), links_of(links.lazy(), "row"), partners_of(others, c("as_of"), "month")]
    )
    dated = summed[1].join(points.select("row", "as_of"), on="row")
    return Parts(summed[0].lazy(), dated.lazy(), summed[2].join(keys, on="month").lazy())


def _rows_after(known: pl.DataFrame, rows: pl.DataFrame) -> pl.LazyFrame:
    """Return the rows of plans (`rows_of`); what is told of earlier invoices may explain their red letters too."""
    before = told_of(known, rows)
    if before.is_empty():
        return rows_of(rows.drop("reversal").lazy(), "plan")
    plans = rows.select("plan").unique()
    both = pl.concat([before.join(plans, how="cross"), rows.drop("month")], how="diagonal")
    return rows_of(both.lazy(), "plan").filter(c("date") > before["date"].max())


def _by_month(rows: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Return what each month of each plan sells and buys, with zeros where it does nothing."""
    sold, blue = c("direction") == "sale", c("total_fen") > 0
    sums = rows.group_by("plan", "month").agg(
        sales=c("net_fen").filter(sold).sum(),
        buyers=c("counterparty").filter(sold, blue).n_unique(),
        purchases=c("net_fen").filter(~sold).sum(),
        suppliers=c("counterparty").filter(~sold, blue).n_unique(),
    )
    every = points.filter(c("month") > 0).select("plan", "month")
    return every.join(sums, on=["plan", "month"], how="left", maintain_order="left").fill_null(0)
