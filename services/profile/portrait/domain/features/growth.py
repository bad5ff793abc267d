"""Growth (发展潜力): growth by season, trend, new customers, diversification."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.features.feature import Feature, growth, ratio
from services.profile.standards.text import Text

c = pl.col


def _trend(side: str) -> pl.Expr:
    """Return the least-squares slope of monthly net amounts over 24 months, as a share of their mean per month.

    With n known months, time t = n − 1 − slot and Σt, Σt² in closed form:
    slope/mean = n (n Σt·x − Σt Σx) / ((n Σt² − (Σt)²) Σx).
    Null with under six known months or without net sales.
    """
    n = (c("reach") + 1).clip(1, 24).cast(pl.Int128)
    total = c(f"{side}_net_24").cast(pl.Int128)
    weighted = (n - 1) * total - c(f"{side}_moment_24")
    times, squares = n * (n - 1) // 2, (n - 1) * n * (2 * n - 1) // 6
    slope = ratio(n * (n * weighted - times * total), (n * squares - times * times) * total)
    return pl.when((c("reach") >= 5) & (total > 0)).then(slope)


FEATURES = (
    Feature(
        name="sales_growth_12m",
        title=Text("近12个月销售同比增长（对称）", "Sales growth, last 12 months on the 12 before (symmetric)"),
        unit="ratio",
        dimension="growth",
        direction=-1,
        actionable="raise",
        worse=Text("近一年销售较上年下降", "Sales fell on the year before"),
        better=Text("近一年销售较上年增长", "Sales grew on the year before"),
        value=growth(c("s_net_12"), c("s_net_12_before"), reaches=23),
    ),
    Feature(
        name="sales_growth_6m",
        title=Text("近6个月销售同比增长（对称）", "Sales growth, last 6 months on the same season (symmetric)"),
        unit="ratio",
        dimension="growth",
        direction=-1,
        actionable="raise",
        worse=Text("近半年销售低于上年同期", "Half-year sales below the same season"),
        better=Text("近半年销售高于上年同期", "Half-year sales above the same season"),
        value=growth(c("s_net_6"), c("s_net_6_before"), reaches=17),
    ),
    Feature(
        name="sales_growth_3m",
        title=Text("近3个月销售同比增长（对称）", "Sales growth, last 3 months on the same season (symmetric)"),
        unit="ratio",
        dimension="growth",
        direction=-1,
        actionable="raise",
        worse=Text("近三个月销售低于上年同期", "Quarter's sales below the same season"),
        better=Text("近三个月销售高于上年同期", "Quarter's sales above the same season"),
        value=growth(c("s_net_3"), c("s_net_3_before"), reaches=14),
    ),
    Feature(
        name="sales_trend_24m",
        title=Text("近24个月销售月均趋势", "Monthly trend of sales as a share of their mean, last 24 months"),
        unit="per-month",
        dimension="growth",
        direction=-1,
        actionable="raise",
        worse=Text("近两年销售呈下降趋势", "Sales trend downwards over two years"),
        better=Text("近两年销售呈上升趋势", "Sales trend upwards over two years"),
        value=_trend("s"),
    ),
    Feature(
        name="purchases_growth_12m",
        title=Text("近12个月采购同比增长（对称）", "Purchase growth, last 12 months on the 12 before (symmetric)"),
        unit="ratio",
        dimension="growth",
        direction=-1,
        actionable="raise",
        worse=Text("近一年采购较上年下降", "Purchases fell on the year before"),
        better=Text("近一年采购较上年增长", "Purchases grew on the year before"),
        value=growth(c("p_net_12"), c("p_net_12_before"), reaches=23),
    ),
    Feature(
        name="customers_growth_12m",
        title=Text("近12个月客户数同比增长（对称）", "Growth of the number of customers, year on year (symmetric)"),
        unit="ratio",
        dimension="growth",
        direction=-1,
        actionable="raise",
        worse=Text("客户数较上年减少", "Fewer customers than the year before"),
        better=Text("客户数较上年增加", "More customers than the year before"),
        value=growth(c("s_partners_12"), c("s_partners_12_before"), reaches=23),
    ),
    Feature(
        name="new_customer_share_12m",
        title=Text(
            "近12个月新客户销售占比", "Share of 12-month sales from customers not billed in the two years before"
        ),
        unit="ratio",
        dimension="growth",
        direction=0,  # growth for one firm, churn or a switch of customers for another
        worse=Text("新客户销售占比的水平不利", "The share of new customers counts against the firm"),
        better=Text("新客户销售占比的水平有利", "The share of new customers speaks for the firm"),
        value=pl.when(c("reach") >= 23).then(ratio(c("s_newly_12"), c("s_traded_12"))),
    ),
)
