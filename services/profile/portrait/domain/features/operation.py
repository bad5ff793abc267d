"""Operation (经营状况): levels, margins and active months."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.features.aggregates import YEAR
from services.profile.portrait.domain.features.feature import Feature, known, part, ratio
from services.profile.standards.text import Text

c = pl.col
# Of what was invoiced a tenth counts as cancelled even where no red letter is shown: hiding less wins nothing. In the
# real book nineteen firms of twenty cancel less than that (ADR 26). What is shown above it counts as well.
STANDS, OF = 9, 10


def _prudent(side: str, months: int) -> pl.Expr:
    """Return net of red letters, and at most `STANDS` of `OF` of what was invoiced."""
    return known(side, pl.min_horizontal(c(f"{side}_net_{months}"), part(c(f"{side}_charged_{months}") * STANDS, OF)))


FEATURES = (
    Feature(
        name="sales_12m",
        title=Text("近12个月净销售额", "Net sales, last 12 months"),
        unit="fen",
        dimension="operation",
        direction=-1,
        actionable="raise",
        worse=Text("近一年销售额偏低", "Low sales in the last year"),
        better=Text("近一年销售额较高", "High sales in the last year"),
        value=known("s", c("s_net_12")),
    ),
    Feature(
        name="sales_prudent_12m",
        title=Text(
            "近12个月审慎销售额（至少一成计为红冲）",
            "Prudent net sales, last 12 months: at least a tenth taken as cancelled",
        ),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="size",
        actionable="raise",
        worse=Text("近一年经得起红冲的销售额偏低", "Low sales in the last year after what is, or may be, cancelled"),
        better=Text("近一年经得起红冲的销售额较高", "High sales in the last year after what is, or may be, cancelled"),
        value=_prudent("s", 12),
    ),
    Feature(
        name="sales_36m",
        title=Text("近36个月净销售额", "Net sales, last 36 months"),
        unit="fen",
        dimension="operation",
        direction=-1,
        actionable="raise",
        worse=Text("近三年累计销售额偏低", "Low sales over three years"),
        better=Text("近三年累计销售额较高", "High sales over three years"),
        value=known("s", c("s_net_36")),
    ),
    Feature(
        name="sales_prudent_36m",
        title=Text(
            "近36个月审慎销售额（至少一成计为红冲）",
            "Prudent net sales, last 36 months: at least a tenth taken as cancelled",
        ),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="size",
        actionable="raise",
        worse=Text("近三年经得起红冲的销售额偏低", "Low sales over three years after what is, or may be, cancelled"),
        better=Text("近三年经得起红冲的销售额较高", "High sales over three years after what is, or may be, cancelled"),
        value=_prudent("s", 36),
    ),
    Feature(
        name="sales_typical_month_12m",
        title=Text("近12个月有销售月份的月销售额中位数", "Median net sales of a month with sales, last 12 months"),
        unit="fen",
        dimension="operation",
        direction=-1,
        actionable="raise",
        worse=Text("平常月份的销售额偏低", "A typical month sells little"),
        better=Text("平常月份的销售额较高", "A typical month sells much"),
        value=c("s_typical_12"),
    ),
    Feature(
        name="purchases_12m",
        title=Text("近12个月净采购额", "Net purchases, last 12 months"),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="purchases",
        actionable="raise",
        worse=Text("近一年采购额偏低，经营规模较小", "Low purchases in the last year: a small operation"),
        better=Text("近一年采购额较高，经营规模较大", "High purchases in the last year: a large operation"),
        value=known("p", c("p_net_12")),
    ),
    Feature(
        name="sales_invoices_12m",
        title=Text("近12个月销项蓝字发票张数", "Blue sales invoices, last 12 months"),
        unit="count",
        dimension="operation",
        direction=-1,
        family="size",
        actionable="raise",
        worse=Text("近一年开票笔数偏少", "Few sales invoices in the last year"),
        better=Text("近一年开票笔数较多", "Many sales invoices in the last year"),
        value=known("s", c("s_blues_12")),
    ),
    Feature(
        name="sales_ticket_36m",
        title=Text("近36个月销项蓝字发票平均金额", "Mean net amount of a blue sales invoice, last 36 months"),
        unit="fen",
        dimension="operation",
        direction=0,  # a wholesaler and a workshop differ in ticket, not in risk
        worse=Text("单张发票金额的水平不利", "The size of an invoice counts against the firm"),
        better=Text("单张发票金额的水平有利", "The size of an invoice speaks for the firm"),
        value=ratio(c("s_charged_36"), c("s_issued_36")),
    ),
    Feature(
        name="margin_36m",
        title=Text("近36个月购销差率", "Sales less purchases over their sum, last 36 months"),
        unit="ratio",
        dimension="operation",
        direction=-1,
        actionable="raise",
        worse=Text("近三年销售相对采购的盈余偏低", "Sales exceed purchases by little over three years"),
        better=Text("近三年销售相对采购的盈余较高", "Sales exceed purchases by much over three years"),
        value=ratio(c("s_net_36").clip(0) - c("p_net_36").clip(0), c("s_net_36").clip(0) + c("p_net_36").clip(0)),
    ),
    Feature(
        name="vat_burden_36m",
        title=Text("近36个月增值税税负率", "Output less input tax over net sales, last 36 months"),
        unit="ratio",
        dimension="operation",
        direction=0,  # abnormal on both sides: too low hints at bought input tax, too high at missing purchases
        worse=Text("增值税税负率的水平不利", "The VAT burden counts against the firm"),
        better=Text("增值税税负率的水平有利", "The VAT burden speaks for the firm"),
        value=ratio(c("s_tax_36") - c("p_tax_36"), c("s_net_36")),
    ),
    Feature(
        name="sales_active_months_12m",
        title=Text("近12个月有销售的月份数", "Months with sales, last 12"),
        unit="month",
        dimension="operation",
        direction=-1,
        family="rhythm",
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("近一年有销售的月份偏少", "Few months with sales in the last year"),
        better=Text("近一年几乎每月都有销售", "Sales in nearly every month of the last year"),
        value=known("s", (c("s_active") & YEAR).bitwise_count_ones()),
    ),
    Feature(
        name="sales_active_months_36m",
        title=Text("近36个月有销售的月份数", "Months with sales, last 36"),
        unit="month",
        dimension="operation",
        direction=-1,
        family="rhythm",
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("近三年有销售的月份偏少", "Few months with sales in three years"),
        better=Text("近三年有销售的月份较多", "Many months with sales in three years"),
        value=known("s", c("s_active").bitwise_count_ones()),
    ),
    Feature(
        name="sales_active_days_12m",
        title=Text("近12个月有销售的天数", "Days with sales, last 12 months"),
        unit="day",
        dimension="operation",
        direction=-1,
        family="rhythm",
        actionable="raise",
        pace_per_month=22.0,
        worse=Text("近一年有销售的天数偏少", "Few days with sales in the last year"),
        better=Text("近一年有销售的天数较多", "Many days with sales in the last year"),
        value=known("s", c("s_days_12")),
    ),
    Feature(
        name="purchases_active_months_36m",
        title=Text("近36个月有采购的月份数", "Months with purchases, last 36"),
        unit="month",
        dimension="operation",
        direction=-1,
        family="purchases",
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("近三年有采购的月份偏少", "Few months with purchases in three years"),
        better=Text("近三年有采购的月份较多", "Many months with purchases in three years"),
        value=known("p", c("p_active").bitwise_count_ones()),
    ),
)
