"""Chain (供应链地位): how many partners there are, how far the firm depends on few, and how strong they are."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.features.feature import Feature, known, ratio
from services.profile.standards.text import Text

c = pl.col


def _hhi(side: str) -> pl.Expr:
    """Return the Herfindahl–Hirschman index of partners in the last 12 months: Σ share²."""
    return ratio(c(f"{side}_squares_12"), c(f"{side}_traded_12").cast(pl.Int128) * c(f"{side}_traded_12"))


FEATURES = (
    Feature(
        name="customers_12m",
        title=Text("近12个月客户数", "Customers, last 12 months"),
        unit="count",
        dimension="chain",
        direction=-1,
        family="customers",
        actionable="raise",
        worse=Text("近一年客户数偏少", "Few customers in the last year"),
        better=Text("近一年客户数较多", "Many customers in the last year"),
        value=known("s", c("s_partners_12")),
    ),
    Feature(
        name="customer_hhi_12m",
        title=Text("近12个月客户集中度（HHI）", "Customer concentration (HHI), last 12 months"),
        unit="ratio",
        dimension="chain",
        direction=1,
        actionable="lower",
        pace_per_month=0.05,
        worse=Text("客户过于集中", "Sales hang on few customers"),
        better=Text("客户分散", "Sales spread over many customers"),
        value=_hhi("s"),
    ),
    Feature(
        name="customer_top1_share_12m",
        title=Text("近12个月第一大客户占比", "Share of the largest customer, last 12 months"),
        unit="ratio",
        dimension="chain",
        direction=1,
        actionable="lower",
        pace_per_month=0.05,
        worse=Text("过于依赖第一大客户", "Depends on its largest customer"),
        better=Text("不依赖单一客户", "Depends on no single customer"),
        value=ratio(c("s_top1_12"), c("s_traded_12")),
    ),
    Feature(
        name="suppliers_12m",
        title=Text("近12个月供应商数", "Suppliers, last 12 months"),
        unit="count",
        dimension="chain",
        direction=-1,
        family="suppliers",
        actionable="raise",
        worse=Text("供应商偏少，不易替代", "Few suppliers, hard to replace"),
        better=Text("供应商较多，易于替代", "Many suppliers, easy to replace"),
        value=known("p", c("p_partners_12")),
    ),
    Feature(
        name="supplier_hhi_12m",
        title=Text("近12个月供应商集中度（HHI）", "Supplier concentration (HHI), last 12 months"),
        unit="ratio",
        dimension="chain",
        direction=1,
        actionable="lower",
        pace_per_month=0.05,
        worse=Text("供应商过于集中", "Purchases hang on few suppliers"),
        better=Text("供应商分散", "Purchases spread over many suppliers"),
        value=_hhi("p"),
    ),
    Feature(
        name="supplier_top1_share_12m",
        title=Text("近12个月第一大供应商占比", "Share of the largest supplier, last 12 months"),
        unit="ratio",
        dimension="chain",
        direction=1,
        actionable="lower",
        pace_per_month=0.05,
        worse=Text("过于依赖第一大供应商", "Depends on its largest supplier"),
        better=Text("不依赖单一供应商", "Depends on no single supplier"),
        value=ratio(c("p_top1_12"), c("p_traded_12")),
    ),
    Feature(
        name="anchor_customer_share_36m",
        title=Text("近36个月核心客户销售占比", "Share of sales with customers billed in 12 or more months, last 36"),
        unit="ratio",
        dimension="chain",
        direction=-1,
        actionable="raise",
        worse=Text("缺少长期核心客户", "Hardly any long-standing core customers"),
        better=Text("核心客户长期稳定", "Core customers trade month after month"),
        value=ratio(c("s_anchored_36"), c("s_traded_36")),
    ),
    Feature(
        name="anchor_supplier_share_36m",
        title=Text(
            "近36个月核心供应商采购占比", "Share of purchases with suppliers used in 12 or more months, last 36"
        ),
        unit="ratio",
        dimension="chain",
        direction=-1,
        actionable="raise",
        worse=Text("缺少长期核心供应商", "Hardly any long-standing core suppliers"),
        better=Text("核心供应商长期稳定", "Core suppliers deliver month after month"),
        value=ratio(c("p_anchored_36"), c("p_traded_36")),
    ),
    Feature(
        name="sales_per_customer_12m",
        title=Text("近12个月户均销售额", "Net sales per customer, last 12 months"),
        unit="fen",
        dimension="chain",
        direction=-1,
        actionable="raise",
        worse=Text("单个客户的业务量偏小", "Little business with each customer"),
        better=Text("单个客户的业务量较大", "Much business with each customer"),
        value=ratio(c("s_traded_12"), c("s_partners_12")),
    ),
)
