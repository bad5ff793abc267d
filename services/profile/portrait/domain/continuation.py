"""Continuations: how a firm's own invoices could go on, month by month, and the features that they would then have.

A plan goes on from the firm's own last twelve months: each of their valid invoices, red letters too, comes again a
year later. Its `steps` say what is added. `CARRY_ON` adds nothing. `EVERY_MONTH` lifts each month that was leaner than
the firm's median month to that month, with the firm's steadiest partners. `FORMER_PARTNERS` also brings in each month
a small invoice with as many of these as a good month of its own has (the upper quartile). Sales and purchases go alike.
Everything then grows by `share` of the firm's own pace, month upon month.

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

from services.profile.portrait.domain.features.aggregates import NEEDS, SLOTS, fold, rows_of, slot_of
from services.profile.portrait.domain.features.catalogue import chosen, read_off
from services.profile.portrait.domain.outlook import Plans, outlook

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
    known = _coded(invoices, as_of)[0]
    pace = pace_of(known, as_of)
    shares = sorted({plan.share for plan in plans})
    days = [day_after(as_of, month) for month in range(MONTHS + 1)]
    asked = Plans(len(shares), len(Step), [(shares.index(plan.share), plan.step) for plan in plans], days)
    pattern = _pattern(known, as_of)
    grown = pl.concat(_grown(pattern, share * pace.rate) for share in shares)
    found = outlook(_summable(known), _summable(grown, "added"), asked, _sums_of_partners(names))
    points = pl.DataFrame({"plan": range(len(plans))}).join(
        pl.DataFrame({"month": range(MONTHS + 1), "day": days}), how="cross"
    )
    points = points.with_row_index("row").with_columns(c("row").cast(pl.Int64))
    dated = fold(found.parts, "row").join(points.lazy().select("row", "day"), on="row")
    features = read_off(dated, c("day"), "row", names).collect()
    told = points.join(features, on="row", how="left", maintain_order="left").drop("row")
    return Continuation(plans, pace, told, found.trade)


def planned(
    invoices: pl.DataFrame, as_of: date, plans: Sequence[Plan] = PLANS, pace: Pace | None = None
) -> pl.DataFrame:
    """Return the invoices of each plan's twelve months: `NEEDS`, `plan` (a place in `plans`), `month` (from 1).

    The pace is the firm's own where none is given.
    """
    known, partners = _coded(invoices, as_of)
    pace = pace or pace_of(known, as_of)
    pattern = _pattern(known, as_of)
    rows = [
        _grown(pattern.filter(c("added") <= plan.step), plan.share * pace.rate).with_columns(plan=pl.lit(place, pl.Int64))
        for place, plan in enumerate(plans)
    ]
    written = pl.concat(rows)
    named = partners.gather(written["counterparty"]).alias("counterparty")
    return written.with_columns(named).select(*NEEDS, "plan", "month")


def _coded(invoices: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.Series]:
    """Return what is known as of a day with partners as whole numbers, in the order of their codes, and the codes."""
    known = invoices.select(NEEDS).filter(c("date") <= as_of)
    partners = known["counterparty"].drop_nulls().unique().sort()
    return known.with_columns(c("counterparty").cast(pl.Enum(partners)).to_physical().cast(pl.UInt32)), partners


def _summable(rows: pl.DataFrame, *more: str) -> pl.DataFrame:
    return rows_of(rows.lazy(), "enterprise", *more).collect()


def _sums_of_partners(names: Collection[str] | None) -> set[str]:
    """Return which sums of partners features are made of."""
    roots = {root for feature in chosen(names) for root in feature.value.meta.root_names()}
    return {root.removeprefix(side) for root in roots for side in ("s_", "p_") if root.startswith(side)}


def _grown(pattern: pl.DataFrame, rate: float) -> pl.DataFrame:
    """Return the rows of a pattern after so much growth a month, month upon month."""
    times = pl.DataFrame({"times": [(1 + rate) ** month for month in range(MONTHS + 1)]})["times"]
    factor = times.gather(pattern["month"])
    grown = [(c(name) * factor).round(0).cast(pl.Int64) for name in ("net_fen", "tax_fen")]
    return pattern.with_columns(grown).with_columns(total_fen=c("net_fen") + c("tax_fen"))


def pace_of(invoices: pl.DataFrame, as_of: date) -> Pace:
    """Return a firm's own pace, of its sales up to a day."""
    sales = invoices.filter(c("direction") == "sale", c("status") == "valid", c("date") <= as_of)
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


def _pattern(invoices: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the rows that plans are made of, before growth: `NEEDS`, `month`, and from which step on they are in."""
    known = invoices.filter(c("status") == "valid").with_columns(slot=slot_of(c("date"), as_of))
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
    partners: Sequence[int | None]
    few: int
    many: int

    def invoices(
        self, side: str, as_of: date, month: int, partners: Sequence[int | None], net: int, step: Step
    ) -> list[tuple[Any, ...]]:
        """Return one invoice of an amount with each of some partners, spread over a month of the plan."""
        start = day_after(as_of, month - 1)
        days = (day_after(as_of, month) - start).days
        tax = round(net * self.tax)
        return [
            (
                self.enterprise, side, partner, start + timedelta(days=1 + place * days // len(partners)),
                net, tax, net + tax, "valid", month, int(step),
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
