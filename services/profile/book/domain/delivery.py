"""A delivery of a supply chain, seen from the enterprise, for an order where the source names one.

Direction, enterprise, number and counterparty make one delivery; a correction of it is a new version.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.dataset import COUNTERPARTY, ENTERPRISE, Column, Dataset, RowRule
from services.profile.book.domain.order import DIRECTIONS

DATASET = Dataset(
    name="deliveries",
    columns=(
        Column("direction", "choice", ("方向", "购销方向", "direction"), choices=DIRECTIONS, english="Direction"),
        ENTERPRISE,
        Column("number", "identifier", ("交货单号", "送货单号", "运单号", "number"), english="Delivery number"),
        Column(
            "order",
            "identifier",
            ("订单号", "订单编号", "order"),
            required=False,
            filled=False,
            english="Order number",
        ),
        COUNTERPARTY,
        Column("date", "date", ("交货日期", "签收日期", "date"), english="Date"),
        Column(
            "amount_fen",
            "money",
            ("交货金额", "金额", "amount"),
            english="Amount",
        ),
    ),
    identity=("direction", "enterprise", "number", "counterparty"),
    day="date",
    rules=(RowRule("amount_fen", pl.col("amount_fen") <= 0, "not above zero / 金额须大于零"),),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content
