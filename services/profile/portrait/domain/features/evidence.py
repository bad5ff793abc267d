"""Evidence: figures that only rise as more business is shown, so that nothing is won by leaving any of it out.

A share, a variation or a growth improves when the right rows are hidden. What is measured here on the same traits does
not: silent months count as nothing sold, windows end on the as-of date and reach back equally far for everybody, and
one more blue invoice raises a figure or leaves it (ADR 26; a property in the tests).
"""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.features.aggregates import LEAN, SLOTS
from services.profile.portrait.domain.features.feature import Feature, known, part
from services.profile.portrait.domain.features.level import amount
from services.profile.standards.text import Text

c = pl.col


def _even_month(side: str, months: int) -> pl.Expr:
    """Return the amount of the month whose level is the mean level of all: a geometric mean that silence pulls down."""
    return known(side, amount(part(c(f"{side}_level_{months}"), months)))


def _silence() -> pl.Expr:
    """Return the longest run of months without sales among the last 36: before, between or after those with some."""
    none = c("s_active") == 0
    runs = pl.max_horizontal(c("s_gap") - 1, c("s_silent"), SLOTS - 1 - c("s_oldest"), pl.lit(0))
    return known("s", pl.when(none).then(pl.lit(SLOTS)).otherwise(runs))


FEATURES = (
    Feature(
        name="sales_even_month_36m",
        title=Text("近36个月月均衡销售额（无销售月计零）", "Even monthly sales, last 36 months, silent months as zero"),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="size",
        actionable="raise",
        worse=Text("三年来各月销售的均衡水平偏低", "Over three years a month sells little on the whole"),
        better=Text("三年来各月销售的均衡水平较高", "Over three years a month sells much on the whole"),
        value=_even_month("s", 36),
    ),
    Feature(
        name="sales_even_month_12m",
        title=Text("近12个月月均衡销售额（无销售月计零）", "Even monthly sales, last 12 months, silent months as zero"),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="size",
        actionable="raise",
        worse=Text("近一年各月销售的均衡水平偏低", "In the last year a month sells little on the whole"),
        better=Text("近一年各月销售的均衡水平较高", "In the last year a month sells much on the whole"),
        value=_even_month("s", 12),
    ),
    Feature(
        name="sales_even_month_6m",
        title=Text("近6个月月均衡销售额（无销售月计零）", "Even monthly sales, last 6 months, silent months as zero"),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="recency",
        actionable="raise",
        worse=Text("近半年各月销售的均衡水平偏低", "In the last half-year a month sells little on the whole"),
        better=Text("近半年各月销售的均衡水平较高", "In the last half-year a month sells much on the whole"),
        value=_even_month("s", 6),
    ),
    Feature(
        name="sales_lean_month_12m",
        title=Text("近12个月淡季月均衡销售额（最低6个月）", "Even monthly sales of the six leanest months, last 12"),
        unit="fen",
        dimension="stability",
        direction=-1,
        family="rhythm",
        actionable="raise",
        worse=Text("淡季月份几乎没有销售", "Lean months sell little"),
        better=Text("淡季月份仍有可观销售", "Even lean months sell well"),
        value=known("s", amount(part(c("s_lean_12"), LEAN))),
    ),
    Feature(
        name="sales_held_24m",
        title=Text("较上年同月保持的销售额（近24个月）", "Sales held from one year's months to the next, last 24"),
        unit="fen",
        dimension="stability",
        direction=-1,
        family="rhythm",
        actionable="raise",
        worse=Text("较上年同月保持住的销售偏少", "Little of the sales is held from year to year"),
        better=Text("各月销售大多与上年同月相当", "Most months hold the sales of the year before"),
        value=known("s", c("season_kept")),
    ),
    Feature(
        name="sales_silence_36m",
        title=Text("近36个月最长无销售月数（含首笔销售之前）", "Longest run of months without sales in all of 36"),
        unit="month",
        dimension="stability",
        direction=1,
        family="rhythm",
        worse=Text("三年内曾连续多月没有销售记录", "Months on end without a sale in three years"),
        better=Text("三年内销售记录很少中断", "Sales run through three years with hardly a break"),
        value=_silence(),
    ),
    Feature(
        name="customers_repeat_36m",
        title=Text("近36个月回头客数（至少3个月有交易）", "Customers billed in 3 or more months, last 36"),
        unit="count",
        dimension="chain",
        direction=-1,
        family="customers",
        actionable="raise",
        worse=Text("回头客偏少", "Few customers come back"),
        better=Text("回头客较多", "Many customers come back"),
        value=known("s", c("s_repeats_36")),
    ),
    Feature(
        name="customers_months_36m",
        title=Text("近36个月客户交易月次", "Months of trade, added up over all customers, last 36"),
        unit="times",
        dimension="stability",
        direction=-1,
        family="customers",
        actionable="raise",
        worse=Text("客户往来的月次偏少", "Few months of trade with customers"),
        better=Text("客户往来频繁而持久", "Long and frequent trade with customers"),
        value=known("s", c("s_met_36")),
    ),
    Feature(
        name="customers_held_24m",
        title=Text("老客户保持的销售额（近24个月）", "Sales held with the same customers, last 24 months"),
        unit="fen",
        dimension="stability",
        direction=-1,
        family="customers",
        actionable="raise",
        worse=Text("老客户保持的销售偏少", "Little business is held with last year's customers"),
        better=Text("老客户保持的销售较多", "Much business is held with last year's customers"),
        value=known("s", c("s_kept_24")),
    ),
    Feature(
        name="purchases_36m",
        title=Text("近36个月净采购额", "Net purchases, last 36 months"),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="purchases",
        actionable="raise",
        worse=Text("近三年累计采购额偏低", "Low purchases over three years"),
        better=Text("近三年累计采购额较高", "High purchases over three years"),
        value=known("p", c("p_net_36")),
    ),
    Feature(
        name="purchases_even_month_36m",
        title=Text("近36个月月均衡采购额（无采购月计零）", "Even monthly purchases, last 36, silent months as zero"),
        unit="fen",
        dimension="operation",
        direction=-1,
        family="purchases",
        actionable="raise",
        worse=Text("三年来各月采购的均衡水平偏低", "Over three years a month buys little on the whole"),
        better=Text("三年来各月采购的均衡水平较高", "Over three years a month buys much on the whole"),
        value=_even_month("p", 36),
    ),
    Feature(
        name="suppliers_repeat_36m",
        title=Text("近36个月稳定供应商数（至少3个月有交易）", "Suppliers used in 3 or more months, last 36"),
        unit="count",
        dimension="chain",
        direction=-1,
        family="suppliers",
        actionable="raise",
        worse=Text("稳定供应商偏少", "Few suppliers deliver again and again"),
        better=Text("稳定供应商较多", "Many suppliers deliver again and again"),
        value=known("p", c("p_repeats_36")),
    ),
)
