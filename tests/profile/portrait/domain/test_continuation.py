"""Continuations: a plan's invoices have the figures that were told, and ask for nothing the firm never did."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, book, books, purchase, sale

from services.profile.portrait.domain.continuation import (
    CAP,
    FLOOR,
    PLANS,
    Pace,
    Plan,
    continuation,
    pace_of,
    planned,
)
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.pattern import MONTHS, Step, day_after

few = settings(max_examples=15)
CARRY_ON = (Plan(Step.CARRY_ON, 0.0),)
# Months of the day's own length, and some that are too short for it.
DAYS = (AS_OF, date(2020, 1, 31), date(2017, 2, 28))
MONTHLY = [(day_after(AS_OF, -back) - timedelta(days=3)).isoformat() for back in range(36)]


def one(invoices: pl.DataFrame) -> pl.DataFrame:
    return invoices.filter(pl.col("enterprise") == invoices["enterprise"][0]).select(NEEDS)


def steady(growth: float = 1.0) -> pl.DataFrame:
    """Three years of a sale a month to two buyers in turn, the latest month's the largest."""
    nets = [round(1_000_000 * growth**-back) for back in range(36)]
    sales = [sale(day, net, to=f"K{place % 2}") for place, (day, net) in enumerate(zip(MONTHLY, nets, strict=True))]
    return book(*sales).select(NEEDS)


@given(books(), st.integers(0, len(PLANS) - 1), st.integers(0, MONTHS), st.sampled_from(DAYS))
@few
def test_a_plan_written_as_invoices_has_its_figures_to_the_bit(
    invoices: pl.DataFrame, plan: int, month: int, as_of: date
) -> None:
    """The rows of all twelve months in the book, computed as of one month: the same, null for null."""
    firm = one(invoices).filter(pl.col("date") <= as_of)
    told = continuation(firm, as_of).features.filter(plan=plan, month=month).drop("plan", "month", "day")
    written = pl.concat([firm, planned(firm, as_of, [PLANS[plan]]).select(NEEDS)])
    walked = compute(written, as_of=day_after(as_of, month)).drop("enterprise")
    assert told.rows() == (walked.rows() or [(None,) * told.width])


@given(books())
@few
def test_a_plan_trades_with_partners_of_its_last_three_years_alone(invoices: pl.DataFrame) -> None:
    firm = one(invoices)
    seen = firm.filter(pl.col("date") <= AS_OF, pl.col("date") > day_after(AS_OF, -36))
    pairs = planned(firm, AS_OF).select("direction", "counterparty").unique()
    assert pairs.join(seen, on=["direction", "counterparty"], how="anti").is_empty()


@given(books(), st.sampled_from(DAYS))
@few
def test_every_row_of_a_plan_lies_in_its_month(invoices: pl.DataFrame, as_of: date) -> None:
    rows = planned(one(invoices), as_of)
    bounds = zip(rows["date"], rows["month"], strict=True)
    assert all(day_after(as_of, month - 1) < day <= day_after(as_of, month) for day, month in bounds)


def test_the_last_days_of_a_long_month_are_not_met_twice() -> None:
    """As of 29 February, 30 January and 15 February lie in one slot: they are one month of trade."""
    firm, as_of = book(sale("2020-01-02", 500), sale("2020-01-30", 700), sale("2019-02-15", 600)), date(2020, 1, 31)
    names = ["customers_repeat_36m", "customers_months_36m"]
    told = continuation(firm, as_of, names).features.filter(plan=0, month=1).select(names)
    written = pl.concat([firm.select(NEEDS), planned(firm, as_of, CARRY_ON).filter(month=1).select(NEEDS)])
    assert told.rows() == compute(written, as_of=day_after(as_of, 1)).select(names).rows() == [(1.0, 3.0)]


@given(books(), st.integers(0, len(PLANS) - 1), st.sampled_from(DAYS))
@few
def test_what_a_month_trades_is_told_of_its_rows(invoices: pl.DataFrame, plan: int, as_of: date) -> None:
    """Net amounts, and how many there are with a blue invoice, those without a code as one."""
    firm = one(invoices)
    blue = pl.col("total_fen") > 0
    met = planned(firm, as_of, [PLANS[plan]]).group_by("direction", "month")
    summed = met.agg(pl.col("net_fen").sum(), partners=pl.col("counterparty").filter(blue).n_unique())
    rows = {(side, month): (net, partners) for side, month, net, partners in summed.iter_rows()}
    told = continuation(firm, as_of, ["sales_12m"]).months.filter(plan=plan)
    for month, sales, buyers, purchases, suppliers in told.drop("plan").iter_rows():
        assert (sales, buyers) == rows.get(("sale", month), (0, 0))
        assert (purchases, suppliers) == rows.get(("purchase", month), (0, 0))


def test_a_29_february_comes_again_in_its_own_month_of_the_plan() -> None:
    """The 28th of the year after would be the day that the plan goes on from, and change what is known today."""
    firm = book(sale("2020-02-29", 700)).select(NEEDS)
    rows = planned(firm, date(2021, 2, 28), CARRY_ON)
    assert rows.select("date", "month").rows() == [(date(2021, 3, 1), 1)]


def test_squares_wider_than_a_machine_word_stay_exact() -> None:
    """Concentration sums squares of fen: a firm that sells a hundred billion yuan a year to one customer."""
    firm = book(*(sale(day, 10**12, to="K1") for day in MONTHLY), sale(MONTHLY[0], 1, to="K2")).select(NEEDS)
    told = continuation(firm, AS_OF, ["customer_hhi_12m"]).features.filter(plan=0, month=3)["customer_hhi_12m"]
    written = pl.concat([firm, planned(firm, AS_OF, CARRY_ON).select(NEEDS)])
    assert told.to_list() == compute(written, as_of=day_after(AS_OF, 3))["customer_hhi_12m"].to_list()


def test_carrying_on_repeats_the_last_year_a_year_later() -> None:
    """Red letters too; void ones are not repeated."""
    firm = book(
        sale("2019-05-03", 700),
        sale("2019-06-03", -200),
        purchase("2019-07-04", 300),
        sale("2019-08-05", 900, status="void"),
        sale("2018-05-03", 100),
    )
    rows = planned(firm, AS_OF, CARRY_ON).sort("date")
    assert rows.select("date", "direction", "net_fen").rows() == [
        (date(2020, 5, 3), "sale", 700),
        (date(2020, 6, 3), "sale", -200),
        (date(2020, 7, 4), "purchase", 300),
    ]


def test_every_month_sells_what_the_median_month_does() -> None:
    """A firm with ten months of 100 and two silent ones sells 100 in all twelve."""
    firm = steady().filter(~pl.col("date").dt.month().is_in([5, 6])).with_columns(net_fen=100, total_fen=100)
    rows = planned(firm, AS_OF, (Plan(Step.EVERY_MONTH, 0.0),))
    assert rows.group_by("month").agg(pl.col("net_fen").sum())["net_fen"].to_list() == [100] * MONTHS


def test_former_partners_come_back_as_in_a_good_month() -> None:
    """Of two buyers in turn a good month has one; with both in some months it has both, in every month of the plan."""
    both = book(*(sale(day, 500, to="K1") for day in MONTHLY[:6])).select(NEEDS)
    firm = pl.concat([steady(), both])
    rows = planned(firm, AS_OF, (Plan(Step.FORMER_PARTNERS, 0.0),))
    assert rows.group_by("month").agg(pl.col("counterparty").n_unique())["counterparty"].to_list() == [2] * MONTHS


@pytest.mark.parametrize(
    ("growth", "basis", "rate"),
    [(1.02, "own", 0.02), (1.0, "floor", FLOOR), (0.9, "floor", FLOOR), (1.2, "cap", CAP)],
)
def test_the_pace_is_the_firms_own_between_floor_and_cap(growth: float, basis: str, rate: float) -> None:
    found = pace_of(steady(growth), AS_OF)
    assert (found.basis, found.comparisons) == (basis, 12)
    assert found.rate == pytest.approx(rate, rel=1e-3)


def test_a_young_firm_has_the_least_pace() -> None:
    """A year says nothing of growth against the year before."""
    assert pace_of(steady(1.2).tail(12), AS_OF).basis == "floor"
    assert pace_of(steady(1.2).head(12), AS_OF) == Pace(FLOOR, "floor", 0)


def test_a_plan_grows_month_upon_month_by_its_share_of_the_pace() -> None:
    pace = Pace(0.04, "own", 12)
    rows = planned(steady(), AS_OF, (Plan(Step.CARRY_ON, 0.5),), pace).sort("month")
    assert rows["net_fen"].to_list() == [round(1_000_000 * 1.02**month) for month in range(1, MONTHS + 1)]


def test_a_firm_without_invoices_has_plans_of_nothing() -> None:
    found = continuation(steady().clear(), AS_OF, ["sales_12m"])
    assert found.features["sales_12m"].null_count() == len(PLANS) * (MONTHS + 1)
    assert found.months["sales"].sum() == 0
