"""What the sandbox says beside invoices: payments, orders, filings, registers agree with the invoices behind them."""

from __future__ import annotations

import polars as pl
import pytest

from sandbox.economy import Plan, simulate
from sandbox.files import write
from sandbox.records import records

VALID = pl.col("status") == "valid"


@pytest.fixture(scope="module")
def found() -> dict[str, pl.DataFrame]:
    return records(simulate(Plan(firms=120, months=24)))


def test_every_record_says_that_it_is_synthetic(found):
    """No row of any table can pass as real."""
    assert all(table["synthetic"].all() for table in found.values())


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    """Two runs of one plan agree byte for byte."""
    plan = Plan(firms=20, months=12, seed=3)
    one, two = (write(records(simulate(plan)), tmp_path / run, "parquet") for run in "ab")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_a_month_s_declared_sales_are_its_invoices(found):
    """A VAT filing declares what the invoices of the month add up to, to the fen."""
    month = pl.col("date").dt.month_start().alias("period_start")
    sales = found["invoices.sale"].filter(VALID).group_by("enterprise", month)
    net = sales.agg(net_fen=(pl.col("net").sum() * 100).cast(pl.Int64))
    filed = found["tax-filings"].filter(pl.col("tax") == "vat").join(net, on=["enterprise", "period_start"])
    assert filed.height > 1000
    assert (filed["declared_sales_fen"] == filed["net_fen"]).all()


def test_a_payment_between_firms_is_in_both_banks(found):
    """What one firm of the economy receives from another, the other pays: same day, same amount."""
    trade = found["payments"].filter(pl.col("purpose") == "goods", pl.col("counterparty").str.starts_with("local:S"))
    received = trade.filter(pl.col("direction") == "in").select("enterprise", "counterparty", "date", "amount_fen")
    paid = trade.filter(pl.col("direction") == "out").select(
        enterprise="counterparty", counterparty="enterprise", date="date", amount_fen="amount_fen"
    )
    order = ["enterprise", "counterparty", "date", "amount_fen"]
    assert received.sort(order).equals(paid.sort(order))


def test_bank_serials_are_unique_within_a_firm(found):
    """A payment's reference names it."""
    assert not found["payments"].select("enterprise", "reference").is_duplicated().any()


def test_an_order_comes_before_its_delivery_and_its_payment_day(found):
    """Each delivery names an order that was placed before it."""
    joined = found["deliveries"].join(
        found["orders"], left_on=["enterprise", "order"], right_on=["enterprise", "number"], suffix="_ordered"
    )
    assert joined.height == found["deliveries"].height > 0
    assert (joined["date_ordered"] <= joined["date"]).all()
    assert (joined["date"] <= joined["due_on"]).all()


def test_the_size_class_is_that_of_the_attributes(found):
    """A shop (F52) is micro below 10 heads or below 1 million yuan a year."""
    shops = found["enterprises"].filter(pl.col("industry") == "F52")
    micro = (pl.col("employees") < 10) | (pl.col("revenue_fen") < 100_000_000)
    assert shops.height > 3
    assert ((shops["size_class"] == "micro") == shops.select(micro.alias("micro"))["micro"]).all()
