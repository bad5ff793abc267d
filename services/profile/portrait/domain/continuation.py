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
same sums are made of them (`outlook`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

import numpy as np
import polars as pl

from services.profile.portrait.domain.features.aggregates import NEEDS, fold, rows_of, slot_of
from services.profile.portrait.domain.features.catalogue import read_off, sums_behind
from services.profile.portrait.domain.features.reversals import standing, where_told
from services.profile.portrait.domain.month_grid import Plans
from services.profile.portrait.domain.outlook import outlook
from services.profile.portrait.domain.pattern import MONTHS, QUANTILE, Step, day_after, pattern, quantile

c = pl.col
FLOOR, CAP = 0.01, 2 ** (1 / MONTHS) - 1
FEWEST = 4  # comparisons with the year before that make a pace
SHARES = tuple(eighths / 8 for eighths in range(9))


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


def continuation(
    invoices: pl.DataFrame, as_of: date, names: Collection[str] | None = None, plans: Sequence[Plan] = PLANS
) -> Continuation:
    """Return what a firm's features (None: all) become under each plan, from its invoices (`NEEDS`) of up to a day."""
    known = _coded(invoices, as_of)[0]
    pace = pace_of(known, as_of)
    shares = sorted({plan.share for plan in plans})
    days = [day_after(as_of, month) for month in range(MONTHS + 1)]
    asked = Plans(len(shares), len(Step), [(shares.index(plan.share), plan.step) for plan in plans], days)
    new = _grown(pattern(known, as_of), [share * pace.rate for share in shares])
    wanted = sums_behind(names)
    past, ahead = pl.collect_all(
        [rows_of(where_told(known).lazy(), "enterprise"), rows_of(new.lazy(), "enterprise", "added")]
    )
    found = outlook(past, ahead, asked, wanted)
    points = pl.DataFrame(
        [(row, *divmod(row, len(days)), days[row % len(days)]) for row in range(len(plans) * len(days))],
        schema={"row": pl.Int64, "plan": pl.Int64, "month": pl.Int64, "day": pl.Date},
        orient="row",
    )
    sums = fold(found.parts, "row", wanted).collect().join(points.select("row", "day"), on="row")
    features = read_off(sums, c("day"), "row", names)
    told = points.join(features, on="row", how="left", maintain_order="left").drop("row")
    return Continuation(plans, pace, told, found.trade)


def planned(
    invoices: pl.DataFrame, as_of: date, plans: Sequence[Plan] = PLANS, pace: Pace | None = None
) -> pl.DataFrame:
    """Return the invoices of each plan's twelve months: `NEEDS`, `plan` (a place in `plans`), `month` (from 1).

    The pace is the firm's own where none is given.
    """
    known, partners = _coded(invoices, as_of)
    rate = (pace or pace_of(known, as_of)).rate
    added = pattern(known, as_of)
    rows = pl.concat(
        _grown(added.filter(c("added") <= plan.step), [plan.share * rate]).with_columns(plan=pl.lit(place, pl.Int64))
        for place, plan in enumerate(plans)
    )
    named = partners.gather(rows["counterparty"]).alias("counterparty")
    return rows.with_columns(named, reversal=pl.lit(None, pl.String)).select(*NEEDS, "plan", "month")


def _coded(invoices: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, pl.Series]:
    """Return what is known as of a day with partners as whole numbers, in the order of their codes, and the codes."""
    known = invoices.select(NEEDS).filter(c("date") <= as_of)
    partners = known["counterparty"].drop_nulls().unique().sort()
    return known.with_columns(c("counterparty").cast(pl.Enum(partners)).to_physical().cast(pl.UInt32)), partners


def _grown(rows: pl.DataFrame, rates: Sequence[float]) -> pl.DataFrame:
    """Return rows after so much growth a month, month upon month: all of them once a rate."""
    month = rows["month"].to_numpy()
    times = [np.array([(1 + rate) ** each for each in range(MONTHS + 1)])[month] for rate in rates]
    factor = pl.Series(np.concatenate(times), dtype=pl.Float64)
    grown = [(c(name) * factor).round(0).cast(pl.Int64) for name in ("net_fen", "tax_fen")]
    many = pl.concat([rows] * len(rates)).with_columns(grown)
    return many.with_columns(total_fen=c("net_fen") + c("tax_fen"))


def pace_of(invoices: pl.DataFrame, as_of: date) -> Pace:
    """Return a firm's own pace, of its sales up to a day."""
    sales = standing(invoices.filter(c("direction") == "sale", c("date") <= as_of))
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
    rate = quantile(grown, QUANTILE) ** (1 / MONTHS) - 1
    return Pace(min(max(rate, FLOOR), CAP), "floor" if rate < FLOOR else "cap" if rate > CAP else "own", len(grown))
