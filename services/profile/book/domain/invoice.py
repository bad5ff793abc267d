"""An invoice as known: its identity, its versions, and which statement about it counts at a moment.

A fully digital invoice (数电票) is known by its number of twenty digits alone, which is given once in the country: a
later statement of it with another total, party, date or status is a new version. Older numbers are used again, so
direction, enterprise, code, number, counterparty, date and total make one invoice; what else is said of it may change.
"""

from __future__ import annotations

from datetime import date, datetime
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import ENTERPRISE, Alone, Column, Dataset, RowRule

DIRECTIONS = MappingProxyType(
    dict.fromkeys(("进项", "采购", "purchase"), "purchase") | dict.fromkeys(("销项", "销售", "sale"), "sale")
)
STATUSES = MappingProxyType(
    {"有效发票": "valid", "有效": "valid", "正常": "valid", "valid": "valid", "normal": "valid"}
    | {"作废发票": "void", "作废": "void", "已作废": "void", "void": "void", "voided": "void"}
)
# What of a blue invoice red letters cancel, where its source says so: some of it, or all.
REVERSALS = MappingProxyType({"全额": "whole", "部分": "part", "whole": "whole", "part": "part"})
# Net + tax may differ from the total by rounding of one fen; more means that a figure or a sign is wrong.
ROUNDING_FEN = 1
DIGITAL = (pl.col("number").str.len_bytes() == 20) & pl.col("number").str.contains("^[0-9]{20}$")
SELLER = (
    *("销方单位代号", "销方识别号", "销方纳税人识别号", "销售方识别号", "销售方纳税人识别号", "销方税号", "销售方税号"),
    "seller",
)
BUYER = (
    *("购方单位代号", "购方识别号", "购方纳税人识别号", "购买方识别号", "购买方纳税人识别号", "购方税号", "购买方税号"),
    "buyer",
)
BLUE = (
    *("对应蓝字发票号码", "蓝字发票号码", "被红冲蓝字发票号码", "被红冲蓝字数电发票号码", "被红冲蓝字数电票号码"),
    *("对应正数发票号码", "原蓝字发票号码", "blue_number"),
)

DATASET = Dataset(
    name="invoices",
    columns=(
        Column("direction", "choice", ("进销方向", "方向", "direction"), choices=DIRECTIONS, english="Direction"),
        ENTERPRISE,
        Column("number", "identifier", ("发票号码", "数电票号码", "number", "invoice_number"), english="Number"),
        Column(
            "code",
            "identifier",
            ("发票代码", "code", "invoice_code"),
            required=False,
            filled=False,
            english="Invoice code",
        ),
        # Null is a person: whoever buys or sells without a code.
        Column(
            "counterparty",
            "counterparty",
            ("对方单位代号", *SELLER, *BUYER, "counterparty"),
            filled=False,
            english="Counterparty",
        ),
        Column("date", "date", ("开票日期", "date", "issued_on", "invoice_date"), english="Date"),
        Column("net_fen", "money", ("金额", "不含税金额", "net", "net_amount", "amount"), english="Net amount"),
        Column("tax_fen", "money", ("税额", "tax", "tax_amount"), english="Tax"),
        Column("total_fen", "money", ("价税合计", "total", "total_amount"), english="Total"),
        Column("status", "choice", ("发票状态", "状态", "status"), choices=STATUSES, english="Status"),
        # Of a red letter: the invoice that it cancels, where the source says which.
        Column("blue_number", "identifier", BLUE, required=False, filled=False, english="Number of the blue invoice"),
        Column(
            "reversal",
            "choice",
            ("红冲状态", "reversal"),
            required=False,
            filled=False,
            choices=REVERSALS,
            english="Cancelled by red letters",
        ),
    ),
    identity=("direction", "enterprise", "code", "number", "counterparty", "date", "total_fen"),
    day="date",
    rules=(
        RowRule(
            "total_fen",
            (pl.col("net_fen") + pl.col("tax_fen") - pl.col("total_fen")).abs() > ROUNDING_FEN,
            "net + tax is not the total / 金额与税额之和不等于价税合计",
        ),
        RowRule(
            "tax_fen",
            pl.col("net_fen").sign() * pl.col("tax_fen").sign() < 0,
            "net and tax have different signs / 金额与税额正负不一致",
        ),
    ),
    alone=Alone(("enterprise", "number"), DIGITAL, width=20),
    padded="number",
    quiet=("code", "blue_number", "reversal"),
    lax="code",
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content


def as_known(rows: pl.DataFrame, *, known_at: datetime | None = None, as_of: date | None = None) -> pl.DataFrame:
    """Return the invoices dated up to `as_of`, each in the last version known at `known_at`."""
    return DATASET.as_known(rows, known_at=known_at, as_of=as_of)
