"""The synthetic economy: reproducible, consistent, and honest about what it is."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from sandbox.economy import Economy, Plan, simulate
from sandbox.files import write
from sandbox.firms import draw_firms
from sandbox.links import draw_links
from sandbox.network import Span, draw_network
from sandbox.tables import tables


@pytest.fixture(scope="module")
def economy() -> Economy:
    return simulate(Plan(firms=200, months=24))


@pytest.fixture(scope="module")
def books(economy: Economy) -> dict[str, pl.DataFrame]:
    return tables(economy)


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    """Two runs of one plan agree byte for byte, in both formats."""
    plan = Plan(firms=30, months=12, seed=3)
    for form in ("csv", "parquet"):
        one, two = (write(tables(simulate(plan)), tmp_path / run / form, form) for run in "ab")
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_another_seed_gives_another_economy():
    """The seed decides."""
    assert len(simulate(Plan(firms=30, seed=1)).invoices) != len(simulate(Plan(firms=30, seed=2)).invoices)


def test_every_record_says_that_it_is_synthetic(books):
    """No row of any table can pass as real."""
    assert all(table["synthetic"].all() for table in books.values())


def test_net_and_tax_make_the_total_to_the_fen(books):
    """The identity that the import checks holds on every invoice."""
    for kind in ("invoices.purchase", "invoices.sale"):
        assert books[kind].filter(pl.col("net") + pl.col("tax") != pl.col("total")).is_empty()


def test_an_invoice_between_two_firms_is_in_both_books(books):
    """What one firm sells within the economy another buys: same number, date and total."""
    sold = books["invoices.sale"].filter(pl.col("counterparty").str.starts_with("local:S"))
    bought = books["invoices.purchase"].filter(pl.col("counterparty").str.starts_with("local:S"))
    mirrored = bought.rename({"enterprise": "counterparty", "counterparty": "enterprise"})
    columns = ["enterprise", "counterparty", "number", "date", "total", "status"]
    assert sold.height > 0
    in_order = ["enterprise", "number"]
    assert sold.select(columns).sort(in_order).equals(mirrored.select(columns).sort(in_order))


def test_a_red_letter_invoice_follows_a_blue_one_of_the_same_amount(books):
    """Each negative invoice cancels an earlier valid one with the same counterparty."""
    sales = books["invoices.sale"]
    keys = ["enterprise", "counterparty", "net"]
    red = sales.filter(pl.col("net") < 0).with_columns(net=-pl.col("net"))
    blue = sales.filter((pl.col("net") > 0) & (pl.col("status") == "valid"))
    firsts = blue.group_by(keys).agg(blue_on=pl.col("date").min())
    joined = red.join(firsts, on=keys, how="left")
    assert red.height > 0
    assert (joined["blue_on"] < joined["date"]).all(ignore_nulls=False)


def test_nobody_trades_before_it_was_founded(economy, books):
    """The first invoice of a firm is not before its founding month."""
    founded = books["enterprises"].select("enterprise", "established_on")
    firsts = books["invoices.sale"].group_by("enterprise").agg(pl.col("date").min())
    assert firsts.join(founded, on="enterprise").filter(pl.col("date") < pl.col("established_on")).is_empty()


def test_the_book_ends_before_any_outcome_is_known(economy, books):
    """Outcomes lie in the year after the last month of the book."""
    last = books["invoices.sale"]["date"].max()
    known = books["outcomes"]["observed_on"]
    assert last <= date(2023, 12, 31) < known.min()
    assert known.max() <= date(2024, 12, 31)


@pytest.mark.parametrize("rate", [0.05, 0.12, 0.3])
def test_the_default_rate_is_the_one_asked_for(rate):
    """Bisection over the intercept meets the rate to within two firms."""
    outcomes = tables(simulate(Plan(firms=300, months=12, default_rate=rate)))["outcomes"]
    assert abs(outcomes["defaulted"].sum() - 300 * rate) <= 2


def test_the_spring_festival_is_quiet(books):
    """The festival's fortnight has far less business than the one three weeks before it."""
    sales = books["invoices.sale"]
    festival = sales.filter(pl.col("date").is_between(date(2023, 1, 20), date(2023, 2, 1))).height
    before = sales.filter(pl.col("date").is_between(date(2022, 12, 28), date(2023, 1, 9))).height
    assert festival < 0.4 * before


def test_a_few_firms_have_many_links():
    """Preferential attachment gives hubs: the best linked firm has many times the median."""
    network = simulate(Plan(firms=2000, months=6)).network
    links = np.bincount(np.concatenate((network.seller, network.buyer)), minlength=2000)
    assert links.max() > 15 * np.median(links)


def test_distress_reaches_suppliers():
    """Those whose customers of the last year were under stress are under more stress than the others."""
    economy = simulate(Plan(firms=3000, months=12))
    stress, network = economy.course.stress, economy.network
    weight, arriving = np.zeros(3000), np.zeros(3000)
    for month in range(12):
        exposure = network.exposure(economy.firms, month)
        weight += np.bincount(network.seller, exposure, minlength=3000) / 12
        arriving += np.bincount(network.seller, exposure * stress[network.buyer, month], minlength=3000) / 12
    linked = weight > 0.05
    assert np.corrcoef(arriving[linked] / weight[linked], stress[linked, -1])[0, 1] > 0.15


def test_links_last_as_long_as_in_national_registers():
    """Of the links that hold in a month, inside and with the world outside, half are over 11 to 15 months later."""
    rng = np.random.default_rng(3)
    firms = draw_firms(rng, 1500, 60)
    network = draw_network(rng, rng, firms, Span(0, 60, 0))
    for part in (network, draw_links(rng, firms, network, 60)):
        held = (part.first <= 12) & (part.last > 12)
        assert 11 <= np.median(part.last[held] - 12) <= 15


def test_the_largest_firms_follow_a_power_law():
    """Among the largest of many firms sales have an exponent near 1.1: ten times as large is a twelfth as many."""
    sales = draw_firms(np.random.default_rng(3), 40_000, 12, large=True).sales
    tail = np.sort(sales)[-1000:]
    assert 1000 / np.log(tail / tail[0]).sum() == pytest.approx(1.1, abs=0.08)


@pytest.mark.parametrize("plan", [{"firms": 1}, {"months": 3}, {"default_rate": 0.0}])
def test_an_impossible_plan_is_refused(plan):
    """The error names the limit."""
    with pytest.raises(ValueError, match=r"must|needs"):
        Plan(**plan)
