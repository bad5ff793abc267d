"""Pairs with what the firm tells the state and the registers: filings, size, industry, founding, lists."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.crosscheck.invoices import LEAST_INVOICES, year_of_sales
from services.profile.portrait.domain.crosscheck.rule import Material

c = pl.col
EMPLOYERS_SHARE = 0.26
CLASSES = ("micro", "small", "medium", "large")
# The usual VAT rate of sales by section of GB/T 4754-2017; sections with several rates are left out.
RATES = {
    **dict.fromkeys("BCF", 0.13),
    **dict.fromkeys("AEG", 0.09),
    **dict.fromkeys("HIJMNOR", 0.06),
}


def declared_sales(material: Material) -> pl.LazyFrame:
    """Pair, per VAT period, declared and invoiced sales, net of tax."""
    filed = _filed(material, "vat").filter(c("declared_sales_fen").is_not_null())
    sales = material.evidence.invoices.lazy().filter(c("direction") == "sale", c("status") == "valid")
    days = sales.group_by("enterprise", "date").agg(c("net_fen").sum())
    within = filed.join_where(
        days.rename({"enterprise": "seller"}),
        c("enterprise") == c("seller"),
        c("date") >= c("period_start"),
        c("date") <= c("period_end"),
    )
    period = ("enterprise", "period_start", "period_end")
    invoiced = within.group_by(period).agg(right=c("net_fen").sum())
    sellers = sales.select("enterprise").unique()
    return _period(
        filed.join(sellers, on="enterprise", how="semi").join(invoiced, on=period, how="left"),
        left=c("declared_sales_fen"),
        right=c("right").fill_null(0),
    )


def tax_paid(material: Material) -> pl.LazyFrame:
    """Pair, per month of payment, the VAT paid according to the filings and according to the bank."""
    month = c("paid_on").dt.month_start()
    paid = _filed(material, "vat").filter(c("paid_on").is_not_null(), c("paid_on") <= material.as_of, c("paid_fen") > 0)
    filed = paid.group_by("enterprise", month.alias("on")).agg(left=c("paid_fen").sum())
    bank = _bank(material, "tax", "right")
    banked = bank.select("enterprise").unique()
    both = filed.join(banked, on="enterprise", how="semi").join(
        bank, on=("enterprise", "on"), how="full", coalesce=True
    )
    return _month(both.filter(c("on") < pl.lit(material.as_of).dt.month_start()))


def insurance_of_wages(material: Material) -> pl.LazyFrame:
    """Pair, per month, the social insurance due with the employer's usual share of the wages that the bank paid."""
    filed = _filed(material, "social-insurance").group_by("enterprise", c("period_start").dt.month_start().alias("on"))
    wages = _bank(material, "wage", "wages")
    both = filed.agg(left=c("due_fen").sum()).join(wages, on=("enterprise", "on"))
    return _month(both.with_columns(right=c("wages") * EMPLOYERS_SHARE))


def declared_revenue(material: Material) -> pl.LazyFrame:
    """Pair registered revenue with a year of invoices, where the book covers a year."""
    sales = year_of_sales(material).group_by("enterprise").agg(right=c("net_fen").sum())
    year_ago = pl.lit(material.as_of).dt.offset_by("-12mo")
    whole = material.evidence.invoices.lazy().filter(c("direction") == "sale", c("date") <= year_ago)
    firms = material.evidence.enterprises.lazy().filter(c("revenue_fen").is_not_null())
    joined = firms.join(whole, on="enterprise", how="semi").join(sales, on="enterprise", how="left")
    return _firm(material, joined, left=c("revenue_fen"), right=c("right").fill_null(0))


def rate_of_industry(material: Material) -> pl.LazyFrame:
    """Pair the mean VAT rate of a year of sales with that of the registered industry, for general taxpayers."""
    sales = year_of_sales(material).filter(c("total_fen") > 0).group_by("enterprise")
    mean = sales.agg(left=c("tax_fen").sum() / c("net_fen").sum(), count=pl.len()).filter(c("count") >= LEAST_INVOICES)
    section = c("industry").str.slice(0, 1)
    usual = section.replace_strict(RATES, default=None, return_dtype=pl.Float64).alias("right")
    firms = material.evidence.enterprises.lazy().filter(c("taxpayer") == "general").with_columns(usual)
    return _firm(material, firms.filter(c("right").is_not_null()).join(mean, on="enterprise"), c("left"), c("right"))


def sales_before_founding(material: Material) -> pl.LazyFrame:
    """Pair the day of the first sale with that of the founding, both in days from 1970."""
    firsts = material.evidence.invoices.lazy().filter(c("direction") == "sale").group_by("enterprise")
    firms = material.evidence.enterprises.lazy().filter(c("established_on").is_not_null())
    joined = firms.join(firsts.agg(c("date").min().alias("first")), on="enterprise")
    return _firm(material, joined, left=c("first").to_physical(), right=c("established_on").to_physical())


def grade_against_lists(material: Material) -> pl.LazyFrame:
    """Count live dishonest-debtor entries of the firms whose latest tax grade is an A."""
    records = material.evidence.public_records.lazy()
    grades = (
        records.filter(c("record") == "tax-grade").sort("date").group_by("enterprise").agg(c("grade", "date").last())
    )
    ended = (c("ends_on") <= material.as_of) | (c("repaired_on") <= material.as_of)
    live = records.filter(c("record") == "dishonest", ~ended.fill_null(value=False))
    entries = live.group_by("enterprise").agg(left=pl.len())
    best = grades.filter(c("grade") == "A").join(entries, on="enterprise", how="left")
    return _firm(material, best, left=c("left").fill_null(0), right=pl.lit(0))


def _filed(material: Material, tax: str) -> pl.LazyFrame:
    return material.evidence.tax_filings.lazy().filter(c("tax") == tax)


def _bank(material: Material, purpose: str, name: str) -> pl.LazyFrame:
    rows = material.evidence.payments.lazy().filter(
        c("direction") == "out", c("status") == "valid", c("purpose") == purpose
    )
    return rows.group_by("enterprise", c("date").dt.month_start().alias("on")).agg(c("amount_fen").sum().alias(name))


def _period(rows: pl.LazyFrame, left: pl.Expr, right: pl.Expr) -> pl.LazyFrame:
    subject = pl.format("{}…{}", "period_start", "period_end").alias("subject")
    return rows.select(
        "enterprise",
        subject,
        pl.lit(None, pl.String).alias("counterparty"),
        c("period_end").alias("on"),
        left=left.cast(pl.Float64),
        right=right.cast(pl.Float64),
    )


def _month(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.select(
        "enterprise",
        c("on").dt.strftime("%Y-%m").alias("subject"),
        pl.lit(None, pl.String).alias("counterparty"),
        "on",
        c("left").cast(pl.Float64),
        c("right").cast(pl.Float64),
    )


def _firm(material: Material, rows: pl.LazyFrame, left: pl.Expr, right: pl.Expr) -> pl.LazyFrame:
    return rows.select(
        "enterprise",
        pl.lit("enterprise").alias("subject"),
        pl.lit(None, pl.String).alias("counterparty"),
        pl.lit(material.as_of).alias("on"),
        left=left.cast(pl.Float64),
        right=right.cast(pl.Float64),
    )
