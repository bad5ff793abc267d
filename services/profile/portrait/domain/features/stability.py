"""Stability (交易稳定性): seasonality, regularity, retention and age of links."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.features.feature import Feature, ratio
from services.profile.standards.text import Text

c = pl.col
DAYS_A_MONTH = 30.436875  # mean Gregorian month


def _variation(side: str) -> pl.Expr:
    """Divide the standard deviation of monthly net amounts, with silent months, by their mean: √(nΣx² − (Σx)²) / Σx.

    Over the last 24 months, or as many as are known; null with under six or without net amounts.
    """
    n = (c("reach") + 1).clip(1, 24).cast(pl.Int128)
    total = c(f"{side}_net_24").cast(pl.Int128)
    spread = (n * c(f"{side}_squares_24") - total * total).cast(pl.Float64).sqrt()
    return pl.when((c("reach") >= 5) & (total > 0)).then(spread / total.cast(pl.Float64))


def _season_strength() -> pl.Expr:
    """Return how far 24 months of sales gather in few months of the year: (12·HHI − 1) / 11, from 0 (even) to 1."""
    total = c("season_total")
    uneven = ratio(12 * c("season_squares") - total * total, 11 * total * total)
    return pl.when(c("reach") >= 23).then(uneven)


def _season_match() -> pl.Expr:
    """Correlate the last twelve months of sales with the twelve before, month by month."""
    now, before = c("season_now"), c("season_before")
    shared = 12 * c("season_products") - now * before
    own = (12 * c("season_now_squares") - now * now).cast(pl.Float64).sqrt()
    own_before = (12 * c("season_before_squares") - before * before).cast(pl.Float64).sqrt()
    found = shared.cast(pl.Float64) / (own * own_before)
    return pl.when((c("reach") >= 23) & (own * own_before > 0)).then(found.clip(-1, 1))


def _link_age(side: str) -> pl.Expr:
    """Return the age of the links traded in the last 12 months, weighted by their amounts, in months."""
    # Dividing a column by a scalar multiplies by its inverse, but not for one row: the last bit would differ.
    return ratio(c(f"{side}_age_12"), c(f"{side}_traded_12").cast(pl.Float64) * DAYS_A_MONTH)


def _silence() -> pl.Expr:
    """Return the longest run of months without sales in 36, the present one too; unknown before the first sale."""
    return pl.when(c("s_active") > 0).then(pl.max_horizontal(c("s_gap") - 1, c("s_silent"), pl.lit(0)))


FEATURES = (
    Feature(
        name="sales_variation_24m",
        title=Text("近24个月月销售额变异系数", "Coefficient of variation of monthly sales, last 24 months"),
        unit="ratio",
        dimension="stability",
        direction=1,
        actionable="lower",
        worse=Text("月销售额波动大", "Monthly sales swing widely"),
        better=Text("月销售额平稳", "Monthly sales are steady"),
        value=_variation("s"),
    ),
    Feature(
        name="purchases_variation_24m",
        title=Text("近24个月月采购额变异系数", "Coefficient of variation of monthly purchases, last 24 months"),
        unit="ratio",
        dimension="stability",
        direction=1,
        actionable="lower",
        worse=Text("月采购额波动大", "Monthly purchases swing widely"),
        better=Text("月采购额平稳", "Monthly purchases are steady"),
        value=_variation("p"),
    ),
    Feature(
        name="sales_longest_silence_36m",
        title=Text("近36个月最长无销售月数", "Longest run of months without sales, last 36"),
        unit="month",
        dimension="stability",
        direction=1,
        actionable="immutable",
        worse=Text("曾连续多月没有销售", "Sales once stopped for months"),
        better=Text("销售很少中断", "Sales were hardly ever interrupted"),
        value=_silence(),
    ),
    Feature(
        name="sales_peak_share_12m",
        title=Text("近12个月最高月销售占比", "Share of the best month in 12-month sales"),
        unit="ratio",
        dimension="stability",
        direction=1,
        actionable="lower",
        worse=Text("销售集中于个别月份", "One month carries much of the year's sales"),
        better=Text("销售分布于各月", "Sales spread over the months"),
        value=ratio(c("s_peak_12"), c("s_net_12")).clip(0, 1),
    ),
    Feature(
        name="sales_season_strength_24m",
        title=Text("近24个月销售季节性强度", "Strength of the season in sales, last 24 months"),
        unit="ratio",
        dimension="stability",
        direction=1,
        worse=Text("销售季节性强，淡季现金紧", "Strongly seasonal sales leave lean months"),
        better=Text("销售季节性弱", "Sales hardly depend on the season"),
        value=_season_strength(),
    ),
    Feature(
        name="sales_season_match_24m",
        title=Text("近两年销售季节形态相关系数", "Correlation of this year's months of sales with last year's"),
        unit="ratio",
        dimension="stability",
        direction=-1,
        worse=Text("各月销售与上年同期不相似", "The months do not repeat last year's pattern"),
        better=Text("各月销售与上年同期相似", "The months repeat last year's pattern"),
        value=_season_match(),
    ),
    Feature(
        name="customer_retention_12m",
        title=Text("客户留存率（按上年金额加权）", "Share of the year before's sales with customers who bought again"),
        unit="ratio",
        dimension="stability",
        direction=-1,
        actionable="raise",
        worse=Text("上年客户流失较多", "Many of last year's customers did not return"),
        better=Text("上年客户大多继续交易", "Most of last year's customers returned"),
        value=pl.when(c("reach") >= 23).then(ratio(c("s_kept_12"), c("s_traded_12_before"))),
    ),
    Feature(
        name="supplier_retention_12m",
        title=Text("供应商留存率（按上年金额加权）", "Share of the year before's purchases with suppliers used again"),
        unit="ratio",
        dimension="stability",
        direction=-1,
        actionable="raise",
        worse=Text("上年供应商更换较多", "Many of last year's suppliers were not used again"),
        better=Text("上年供应商大多继续合作", "Most of last year's suppliers were used again"),
        value=pl.when(c("reach") >= 23).then(ratio(c("p_kept_12"), c("p_traded_12_before"))),
    ),
    Feature(
        name="repeat_customer_share_36m",
        title=Text("近36个月回头客销售占比", "Share of sales with customers billed in 3 or more months, last 36"),
        unit="ratio",
        dimension="stability",
        direction=-1,
        actionable="raise",
        worse=Text("回头客销售占比偏低", "Little of the sales comes from repeat customers"),
        better=Text("回头客销售占比较高", "Much of the sales comes from repeat customers"),
        value=ratio(c("s_repeated_36"), c("s_traded_36")),
    ),
    Feature(
        name="customer_age_12m",
        title=Text("近12个月客户合作年限（金额加权）", "Age of customer links, weighted by 12-month sales"),
        unit="month",
        dimension="stability",
        direction=-1,
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("与主要客户合作时间短", "The main customers are recent"),
        better=Text("与主要客户合作时间长", "The main customers are of long standing"),
        value=_link_age("s"),
    ),
    Feature(
        name="supplier_age_12m",
        title=Text("近12个月供应商合作年限（金额加权）", "Age of supplier links, weighted by 12-month purchases"),
        unit="month",
        dimension="stability",
        direction=-1,
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("与主要供应商合作时间短", "The main suppliers are recent"),
        better=Text("与主要供应商合作时间长", "The main suppliers are of long standing"),
        value=_link_age("p"),
    ),
)
