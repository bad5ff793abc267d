"""Payment (履约能力): whether bills, taxes, insurance and wages are paid when due, and whether the firm is paid."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.evidence import Evidence
from services.profile.portrait.domain import late_payment
from services.profile.portrait.domain.indicators.indicator import FIRM, Indicator, Scale, moments, nothing, together
from services.profile.standards.text import Text

c = pl.col
# A value-weighted index of punctuality (守约指数, ours). The anchors follow the widely used reading: 80 on terms, 100 a
# month early, 50 a month late, 20 four months late; half a year late is nothing.
PUNCTUALITY = Scale(
    ((-30, 100), (0, 80), (15, 70), (22, 60), (30, 50), (60, 40), (90, 30), (120, 20), (180, 0)),
)
# Ours, 2026-11: four of five in time is poor, since a filing is due a dozen times a year and costs nothing to send.
DUTY = Scale(((0, 0), (0.8, 40), (0.95, 80), (1, 100)))

INDICATORS = (
    Indicator(
        name="days_beyond_terms_paid_12m",
        title=Text("近12个月对供应商付款超期天数（金额加权）", "Days beyond terms paying suppliers, value-weighted"),
        unit="day",
        dimension="payment",
        direction=1,
        actionable="lower",
        worse=Text("拖欠供应商货款", "Pays suppliers late"),
        better=Text("按期支付供应商货款", "Pays suppliers in time"),
        value=c("paid_beyond"),
        source="payments",
        scale=PUNCTUALITY,
        weight=4,
    ),
    Indicator(
        name="days_beyond_terms_received_12m",
        title=Text("近12个月客户付款超期天数（金额加权）", "Days beyond terms of customers, value-weighted"),
        unit="day",
        dimension="payment",
        direction=1,
        worse=Text("客户拖欠货款", "Customers pay late"),
        better=Text("客户按期付款", "Customers pay in time"),
        value=c("received_beyond"),
        source="payments",
        scale=PUNCTUALITY,
        weight=2,
    ),
    Indicator(
        name="tax_punctual_share_24m",
        title=Text("近24个月按期申报缴税比例", "Taxes filed and paid in time, last 24 months"),
        unit="ratio",
        dimension="payment",
        direction=-1,
        actionable="raise",
        worse=Text("申报或缴税逾期", "Taxes filed or paid late"),
        better=Text("按期申报缴税", "Taxes filed and paid in time"),
        value=c("tax_punctual"),
        source="tax-filings",
        scale=DUTY,
        weight=2,
    ),
    Indicator(
        name="insurance_punctual_share_24m",
        title=Text("近24个月按期缴纳社保比例", "Social insurance paid in time, last 24 months"),
        unit="ratio",
        dimension="payment",
        direction=-1,
        actionable="raise",
        worse=Text("社保缴纳逾期", "Social insurance paid late"),
        better=Text("按期缴纳社保", "Social insurance paid in time"),
        value=c("insurance_punctual"),
        source="tax-filings",
        scale=DUTY,
    ),
    Indicator(
        name="wage_months_share_12m",
        title=Text("近12个月发放工资的月份比例", "Months with wages paid, last 12"),
        unit="ratio",
        dimension="payment",
        direction=-1,
        actionable="raise",
        worse=Text("工资发放不连续", "Wages are not paid every month"),
        better=Text("工资按月发放", "Wages are paid every month"),
        value=c("wage_months"),
        source="payments",
        scale=DUTY,
    ),
)


def measured(evidence: Evidence, days: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """Return paid_beyond, received_beyond, tax_punctual, insurance_punctual and wage_months per firm and day.

    `parties` gives the size class of counterparties. Days beyond terms are of what fell due in the last 12 months.
    """
    filings = evidence.tax_filings
    if evidence.payments.is_empty() and filings.is_empty():
        return nothing(*FOUND)
    found = [_beyond(evidence, days, parties, side, name) for side, name in SIDES]
    insurance = c("tax") == "social-insurance"
    found.append(_punctual(filings.filter(~insurance), days, "tax_punctual"))
    found.append(_punctual(filings.filter(insurance), days, "insurance_punctual"))
    found.append(_wages(evidence.payments, days))
    return together(found)


SIDES: tuple[tuple[late_payment.Side, str], ...] = (("purchase", "paid_beyond"), ("sale", "received_beyond"))
FOUND = (*(name for _, name in SIDES), "tax_punctual", "insurance_punctual", "wage_months")


def _beyond(
    evidence: Evidence, days: pl.DataFrame, parties: pl.DataFrame, side: late_payment.Side, name: str
) -> pl.DataFrame:
    if evidence.payments.is_empty():
        return nothing(name)
    parts = late_payment.parts_of(evidence.invoices, evidence.payments, evidence.orders, parties, side)
    if parts.is_empty():
        return nothing(name)
    judged = late_payment.lateness(moments(parts, days), c("as_of"))
    recent = judged.filter((c("due_on") <= c("as_of")) & (c("due_on") > c("as_of").dt.offset_by("-12mo")))
    return recent.group_by(FIRM).agg(late_payment.days_beyond(c("as_of")).alias(name))


def _punctual(filings: pl.DataFrame, days: pl.DataFrame, name: str) -> pl.DataFrame:
    if filings.is_empty():
        return nothing(name)
    due = moments(filings, days).filter((c("due_on") <= c("as_of")) & (c("due_on") > c("as_of").dt.offset_by("-24mo")))
    filed = (c("filed_on") <= c("due_on")).fill_null(value=False)
    none_due = c("due_fen") <= 0
    paid = ((c("paid_on") <= c("due_on")) & (c("paid_fen") >= c("due_fen"))).fill_null(value=False)
    return due.group_by(FIRM).agg((filed & (none_due | paid)).mean().alias(name))


def _wages(payments: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the share of the last 12 whole months, or of those since the first wage, in which wages were paid."""
    if payments.is_empty():
        return nothing("wage_months")
    wages = payments.filter((c("status") == "valid") & (c("direction") == "out") & (c("purpose") == "wage"))
    # The month of the as-of day counts once it is over.
    last = c("as_of").dt.offset_by("1d").dt.offset_by("-1mo")
    back = 12 * (last.dt.year() - c("date").dt.year()) + last.dt.month().cast(pl.Int32) - c("date").dt.month()
    paid = moments(wages, days).with_columns(back=back).filter((c("date") <= c("as_of")) & (c("back") >= 0))
    met = c("back").filter(c("back") < 12).n_unique().cast(pl.Float64)
    return paid.group_by(FIRM).agg(wage_months=met / (c("back").max() + 1).clip(1, 12).cast(pl.Float64))
