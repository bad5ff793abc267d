"""An order of a supply chain, seen from the enterprise: what was agreed, and when it is to be paid.

Direction, enterprise, number and counterparty make one order; its date, sum, day of payment and state may change.
"""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import COUNTERPARTY, ENTERPRISE, Column, Dataset, RowRule

DIRECTIONS = MappingProxyType(
    dict.fromkeys(("销售", "销项", "sale", "sales"), "sale")
    | dict.fromkeys(("采购", "进项", "purchase", "purchases"), "purchase")
)
STATUSES = MappingProxyType(
    dict.fromkeys(("执行中", "未完成", "open"), "open")
    | dict.fromkeys(("已完成", "完成", "fulfilled"), "fulfilled")
    | dict.fromkeys(("已取消", "取消", "cancelled", "canceled"), "cancelled")
)

DATASET = Dataset(
    name="orders",
    columns=(
        Column("direction", "choice", ("方向", "购销方向", "direction"), choices=DIRECTIONS, english="Direction"),
        ENTERPRISE,
        Column(
            "number", "identifier", ("订单号", "订单编号", "合同编号", "number", "order_number"), english="Order number"
        ),
        COUNTERPARTY,
        Column("date", "date", ("订单日期", "下单日期", "date"), english="Date"),
        Column("due_on", "day", ("约定付款日", "付款日", "due_on"), required=False, filled=False, english="Due on"),
        Column(
            "amount_fen",
            "money",
            ("订单金额", "金额", "amount"),
            english="Amount",
        ),
        Column("status", "choice", ("订单状态", "状态", "status"), choices=STATUSES, english="Status"),
    ),
    identity=("direction", "enterprise", "number", "counterparty"),
    day="date",
    rules=(
        RowRule("amount_fen", pl.col("amount_fen") <= 0, "not above zero / 金额须大于零"),
        RowRule("due_on", pl.col("due_on") < pl.col("date"), "before the order's own date / 付款日早于订单日期"),
    ),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content
