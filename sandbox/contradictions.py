"""Lies on purpose: records that contradict one another, planted into an economy's tables, and a list of them.

Each planted contradiction touches one firm (and its partner, where both report an invoice), and no firm carries two.
So whoever compares the sources can be measured: what was planted must be found, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from sandbox.plot import (
    Plot,
    Tables,
    between,
    book_start,
    busy,
    filing_of,
    filings_of,
    inside_sales,
    last_year,
    mirror_of,
    outgoing,
    outside_sales,
    partners_of,
    row_of,
    sells_early,
    year_outside,
)

c = pl.col
# What also comes to light by a lie of each kind, as it should: neither missing nor wrong when it is told.
SIDE_EFFECTS: Final = {
    "mirrored-invoice": ("payments-below-purchases",),
    "mirrored-status": ("declared-sales", "receipts-above-sales", "number-missing"),
    "tax-above-rate": ("receipts-below-sales", "delivered-of-invoiced"),
    "red-above-blue": ("declared-sales", "receipts-above-sales", "declared-revenue"),
    "number-used-twice": ("declared-sales", "receipts-below-sales", "delivered-of-invoiced", "declared-revenue"),
    "number-missing": ("declared-sales", "receipts-above-sales", "declared-revenue"),
    "declared-revenue": ("size-class",),
    "rate-of-industry": ("size-class",),
    "round-amounts": ("declared-sales", "receipts-below-sales", "receipts-above-sales", "delivered-of-invoiced"),
}
TRUTH = {"rule": pl.String, "enterprise": pl.String, "subject": pl.String, "planted": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Told:
    """One planted contradiction: which comparison of whose file must find it."""

    rule: str
    enterprise: str
    subject: str


Lie: TypeAlias = Callable[[Plot, int], Iterator[Told]]


def plant(tables: Tables, *, seed: int = 1, each: int = 5) -> tuple[Tables, pl.DataFrame]:
    """Plant up to `each` contradictions of every kind; return the new tables, and the truth about them.

    The truth has a row per comparison that must contradict (`planted`), and rows without subject for what may come
    to light beside it.
    """
    rng = np.random.default_rng([seed, 50])
    firms = tables["enterprises"]["enterprise"].to_list()
    plot = Plot(dict(tables), [firms[place] for place in rng.permutation(len(firms))], rng)
    told = [lie for kind in LIES for lie in kind(plot, each)]
    rows = [(lie.rule, lie.enterprise, lie.subject, True) for lie in told]
    beside = {(rule, lie.enterprise, None, False) for lie in told for rule in SIDE_EFFECTS.get(lie.rule, ())}
    return plot.tables, pl.DataFrame([*rows, *sorted(beside, key=str)], schema=TRUTH, orient="row")


def partner_s_amount(plot: Plot, each: int) -> Iterator[Told]:
    """Let the buyer book a tenth more than the seller."""
    for sale in inside_sales(plot, each):
        here = mirror_of(sale)
        plot.change("invoices.purchase", here, net=c("net") * 1.1, tax=c("tax") * 1.1)
        plot.change("invoices.purchase", here, total=c("net") + c("tax"))
        yield from _both("mirrored-invoice", sale)


def partner_s_silence(plot: Plot, each: int) -> Iterator[Told]:
    """Let the buyer leave the sale out of its book."""
    for sale in inside_sales(plot, each):
        plot.drop("invoices.purchase", mirror_of(sale))
        yield from _both("mirrored-invoice", sale)


def secret_void(plot: Plot, each: int) -> Iterator[Told]:
    """Let the seller void what the buyer still books."""
    for sale in inside_sales(plot, each):
        plot.change("invoices.sale", row_of(sale), status=pl.lit("void"))
        yield from _both("mirrored-status", sale)


def too_much_tax(plot: Plot, each: int) -> Iterator[Told]:
    """Charge a fifth of tax, which no rate allows."""
    for sale in outside_sales(plot, each):
        plot.change("invoices.sale", row_of(sale), tax=c("net") * 0.2)
        plot.change("invoices.sale", row_of(sale), total=c("net") + c("tax"))
        yield Told("tax-above-rate", sale["enterprise"], sale["number"])


def red_beyond_blue(plot: Plot, each: int) -> Iterator[Told]:
    """Cancel twice what an invoice came to."""
    kind = "invoices.sale"
    plot.tables[kind] = plot.tables[kind].with_columns(blue_number=pl.lit(None, pl.String))
    for sale in outside_sales(plot, each):
        red = pl.DataFrame([{**sale, "blue_number": sale["number"]}], schema=plot.tables[kind].schema)
        twice = [c(name) * -2 for name in ("net", "tax", "total")]
        plot.add(kind, red.with_columns(*twice, number=pl.format("{}R", "number")))
        yield Told("red-above-blue", sale["enterprise"], sale["number"])


def copied_number(plot: Plot, each: int) -> Iterator[Told]:
    """Issue a second invoice under the number of the first, to somebody else."""
    for sale in outside_sales(plot, each):
        copy = pl.DataFrame([sale], schema=plot.tables["invoices.sale"].schema)
        plot.add("invoices.sale", copy.with_columns(counterparty=pl.lit("local:W9999999")))
        yield Told("number-used-twice", sale["enterprise"], sale["number"])


def hidden_sale(plot: Plot, each: int) -> Iterator[Told]:
    """Leave an invoice out of the seller's book."""
    for sale in outside_sales(plot, each):
        plot.drop("invoices.sale", row_of(sale))
        yield Told("number-missing", sale["enterprise"], sale["number"])


def unpaid_sales(plot: Plot, each: int) -> Iterator[Told]:
    """Let a customer never pay."""
    for firm, partner in partners_of(plot, each, "invoices.sale"):
        plot.drop("payments", between(firm, partner, "in"))
        yield Told("receipts-below-sales", firm, partner)


def unexplained_money(plot: Plot, each: int) -> Iterator[Told]:
    """Let a customer pay everything twice."""
    for firm, partner in partners_of(plot, each, "invoices.sale"):
        again = plot.tables["payments"].filter(between(firm, partner, "in"))
        plot.add("payments", again.with_columns(reference=pl.format("{}-2", "reference")))
        yield Told("receipts-above-sales", firm, partner)


def unpaid_purchases(plot: Plot, each: int) -> Iterator[Told]:
    """Leave a supplier unpaid."""
    for firm, partner in partners_of(plot, each, "invoices.purchase"):
        plot.drop("payments", between(firm, partner, "out"))
        yield Told("payments-below-purchases", firm, partner)


def undeclared_sales(plot: Plot, each: int) -> Iterator[Told]:
    """Declare seven tenths of the sales in a VAT filing."""
    for filing in filings_of(plot, each, "vat", c("declared_sales_fen") > 10_000_000):
        plot.change("tax-filings", filing_of(filing), declared_sales_fen=c("declared_sales_fen") * 0.7)
        yield Told("declared-sales", filing["enterprise"], f"{filing['period_start']}…{filing['period_end']}")


def unpaid_tax(plot: Plot, each: int) -> Iterator[Told]:
    """File VAT as paid of which the bank knows nothing."""
    for filing in filings_of(plot, each, "vat", c("paid_fen") > 100_000):
        paid = (c("purpose") == "tax") & (c("date") == filing["paid_on"])
        plot.drop("payments", (c("enterprise") == filing["enterprise"]) & paid)
        yield Told("tax-paid", filing["enterprise"], f"{filing['paid_on']:%Y-%m}")


def thin_insurance(plot: Plot, each: int) -> Iterator[Told]:
    """File a fifth of the social insurance that the wages call for."""
    for filing in filings_of(plot, each, "social-insurance", c("due_fen") > 1_000_000):
        plot.change("tax-filings", filing_of(filing), due_fen=c("due_fen") * 0.2, paid_fen=c("paid_fen") * 0.2)
        yield Told("insurance-of-wages", filing["enterprise"], f"{filing['period_start']:%Y-%m}")


def grand_class(plot: Plot, each: int) -> Iterator[Told]:
    """Register a micro firm as medium."""
    yield from _attributes(plot, each, "size-class", c("size_class") == "micro", size_class=pl.lit("medium"))


def grand_revenue(plot: Plot, each: int) -> Iterator[Told]:
    """Register three times the revenue that the invoices show."""
    whole = (c("established_on") < book_start(plot)) & (c("revenue_fen") > 10_000_000)
    yield from _attributes(plot, each, "declared-revenue", whole, revenue_fen=c("revenue_fen") * 3)


def another_industry(plot: Plot, each: int) -> Iterator[Told]:
    """Register a factory or a shop (13 %) as a software house (6 %)."""
    goods = c("industry").str.slice(0, 1).is_in(["C", "F"]) & c("enterprise").is_in(busy(plot)["enterprise"].implode())
    yield from _attributes(plot, each, "rate-of-industry", goods, industry=pl.lit("I65"))


def young_firm(plot: Plot, each: int) -> Iterator[Told]:
    """Found a firm half a year after its first sale."""
    old = c("established_on") < book_start(plot)
    late = pl.lit(book_start(plot) + timedelta(days=183))
    yield from _attributes(plot, each, "sales-before-founding", old & sells_early(plot), established_on=late)


def weekend_trade(plot: Plot, each: int) -> Iterator[Told]:
    """Date a year of sales to outsiders to the Saturday of the same week and month."""
    saturday = c("date").dt.offset_by("1d").dt.truncate("1w").dt.offset_by("5d")
    near = pl.when(saturday.dt.month() == c("date").dt.month()).then(saturday).otherwise(saturday.dt.offset_by("-7d"))
    for firm in plot.firms(outgoing(plot), each):
        inside = near.dt.month() == c("date").dt.month()
        plot.change("invoices.sale", year_outside(plot, firm) & inside, date=near)
        yield Told("weekend-sales", firm, last_year(plot))


def round_trade(plot: Plot, each: int) -> Iterator[Told]:
    """Round a year of sales to outsiders to whole thousands of yuan."""
    thousands = ((c("total").cast(pl.Float64) / 1000).ceil() * 1000).cast(pl.Decimal(18, 2))
    for firm in plot.firms(outgoing(plot), each):
        here = year_outside(plot, firm)
        plot.change("invoices.sale", here, total=thousands)
        plot.change("invoices.sale", here, net=c("total") - c("tax"))
        yield Told("round-amounts", firm, last_year(plot))


def double_delivery(plot: Plot, each: int) -> Iterator[Told]:
    """Deliver twice what was ordered."""
    for firm in plot.firms(plot.tables["deliveries"], each):
        order = plot.tables["deliveries"].filter(c("enterprise") == firm)["order"][0]
        here = (c("enterprise") == firm) & (c("order") == order)
        plot.change("deliveries", here, amount_fen=c("amount_fen") * 2)
        yield Told("delivered-of-ordered", firm, order)


def no_delivery(plot: Plot, each: int) -> Iterator[Told]:
    """Invoice a customer that gets nothing."""
    among = (
        plot.tables["deliveries"].group_by("enterprise").agg(c("counterparty").n_unique()).filter(c("counterparty") > 1)
    )
    for firm, partner in partners_of(plot, each, "invoices.sale", among):
        plot.drop("deliveries", (c("enterprise") == firm) & (c("counterparty") == partner))
        yield Told("delivered-of-invoiced", firm, partner)


def listed_and_graded_a(plot: Plot, each: int) -> Iterator[Told]:
    """Enter a dishonest debtor beside a tax grade A."""
    records = plot.tables["public-records"]
    latest = records.filter(c("record") == "tax-grade").sort("date").group_by("enterprise").last()
    listed = records.filter(c("record") == "dishonest")["enterprise"]
    able = latest.filter(c("grade") == "A", ~c("enterprise").is_in(listed.implode()))
    for firm in plot.firms(able, each):
        grade = records.filter(c("enterprise") == firm, c("record") == "tax-grade").sort("date").tail(1)
        entry = grade.with_columns(
            number=pl.format("{}-d", "number"),
            record=pl.lit("dishonest"),
            tier=pl.lit("serious"),
            grade=pl.lit(None, pl.String),
            authority=pl.lit("人民法院"),
            ends_on=c("date").dt.offset_by("36mo"),
        )
        plot.add("public-records", entry)
        yield Told("grade-against-lists", firm, "enterprise")


# The rarer the firms that a lie needs, the earlier it chooses.
LIES: Final[tuple[Lie, ...]] = (
    no_delivery,
    double_delivery,
    listed_and_graded_a,
    weekend_trade,
    round_trade,
    another_industry,
    copied_number,
    hidden_sale,
    too_much_tax,
    red_beyond_blue,
    unpaid_sales,
    unexplained_money,
    unpaid_purchases,
    undeclared_sales,
    unpaid_tax,
    thin_insurance,
    grand_revenue,
    young_firm,
    grand_class,
    partner_s_amount,
    partner_s_silence,
    secret_void,
)


def _attributes(plot: Plot, each: int, rule: str, able: pl.Expr, **columns: pl.Expr) -> Iterator[Told]:
    for firm in plot.firms(plot.tables["enterprises"].filter(able), each):
        plot.change("enterprises", c("enterprise") == firm, **columns)
        yield Told(rule, firm, "enterprise")


def _both(rule: str, sale: dict[str, Any]) -> Iterator[Told]:
    for party in ("enterprise", "counterparty"):
        yield Told(rule, str(sale[party]), str(sale["number"]))
