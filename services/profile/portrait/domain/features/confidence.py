"""Confidence (数据可信度): how long, how fresh and how complete the record is."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.features.feature import Feature
from services.profile.standards.text import Text

c = pl.col

FEATURES = (
    Feature(
        name="history_months",
        title=Text("发票记录时长", "Months since the first invoice"),
        unit="month",
        dimension="confidence",
        direction=-1,
        family="tenure",
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("经营记录时间短", "A short record"),
        better=Text("经营记录时间长", "A long record"),
        value=c("reach"),
    ),
    Feature(
        name="sales_days_since_last",
        title=Text("距最近一笔销售的天数", "Days since the last sale"),
        unit="day",
        dimension="confidence",
        direction=1,
        family="recency",
        actionable="lower",
        worse=Text("已较久没有销售", "No sale for long"),
        better=Text("近期仍有销售", "Sold recently"),
        value=c("s_idle"),
    ),
    Feature(
        name="purchases_days_since_last",
        title=Text("距最近一笔采购的天数", "Days since the last purchase"),
        unit="day",
        dimension="confidence",
        direction=1,
        family="recency",
        actionable="lower",
        worse=Text("已较久没有采购", "No purchase for long"),
        better=Text("近期仍有采购", "Purchased recently"),
        value=c("p_idle"),
    ),
    Feature(
        name="invoices_36m",
        title=Text("近36个月有效蓝字发票张数", "Valid blue invoices of both sides, last 36 months"),
        unit="count",
        dimension="confidence",
        direction=-1,
        family="size",
        actionable="raise",
        worse=Text("可核验的发票偏少", "Few invoices to judge by"),
        better=Text("可核验的发票较多", "Many invoices to judge by"),
        value=c("s_blues_36") + c("p_blues_36"),
    ),
    Feature(
        name="paired_months_36m",
        title=Text("近36个月购销俱全的月份数", "Months with both sales and purchases, last 36"),
        unit="month",
        dimension="confidence",
        direction=-1,
        family="rhythm",
        actionable="raise",
        pace_per_month=1.0,
        worse=Text("购销俱全的月份偏少", "Few months show both sales and purchases"),
        better=Text("大多数月份购销俱全", "Most months show both sales and purchases"),
        value=(c("s_active") & c("p_active")).bitwise_count_ones(),
    ),
)
