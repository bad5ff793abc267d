"""What an enterprise declared and paid for a period: taxes and social insurance.

Enterprise, tax and period make one filing; a correction, or that it was paid, is a new version.
"""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import ENTERPRISE, Column, Dataset, RowRule

TAXES = MappingProxyType(
    dict.fromkeys(("增值税", "vat"), "vat")
    | dict.fromkeys(("企业所得税", "所得税", "income"), "income")
    | dict.fromkeys(("社会保险费", "社保", "社会保险", "social-insurance"), "social-insurance")
    | dict.fromkeys(("其他", "其它", "other"), "other")
)

DATASET = Dataset(
    name="tax-filings",
    columns=(
        Column("tax", "choice", ("税种", "征收项目", "tax"), choices=TAXES, english="Tax"),
        ENTERPRISE,
        Column("period_start", "date", ("所属期起", "税款所属期起", "period_start"), english="First day of the period"),
        Column("period_end", "date", ("所属期止", "税款所属期止", "period_end"), english="Last day of the period"),
        Column(
            "declared_sales_fen",
            "money",
            ("申报销售额", "计税依据", "declared_sales"),
            required=False,
            filled=False,
            english="Declared sales",
        ),
        Column("due_fen", "money", ("应纳税额", "应缴金额", "due"), english="Amount due"),
        Column("paid_fen", "money", ("实缴税额", "实缴金额", "paid"), english="Amount paid"),
        Column(
            "due_on",
            "day",
            ("缴款期限", "申报期限", "due_on"),
            english="Due on",
        ),
        Column("filed_on", "date", ("申报日期", "filed_on"), required=False, filled=False, english="Filed on"),
        Column("paid_on", "date", ("缴款日期", "入库日期", "paid_on"), required=False, filled=False, english="Paid on"),
    ),
    identity=("enterprise", "tax", "period_start", "period_end"),
    day="period_end",
    rules=(
        RowRule(
            "period_end",
            pl.col("period_end") < pl.col("period_start"),
            "before its start / 所属期止早于所属期起",
        ),
        RowRule("paid_fen", pl.col("paid_fen") < 0, "below zero / 实缴金额不能为负"),
    ),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content
