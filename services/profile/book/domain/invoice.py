"""An invoice as known: its identity, its versions, and which statement about it counts at a moment.

Direction, enterprise, code, number, counterparty, date and total make one invoice; a later statement of it with
another status, net or tax is a new version.
"""

from __future__ import annotations

from datetime import date, datetime
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import ENTERPRISE, Column, Dataset, RowRule

DIRECTIONS = MappingProxyType(
    dict.fromkeys(("进项", "采购", "purchase"), "purchase") | dict.fromkeys(("销项", "销售", "sale"), "sale")
)
STATUSES = MappingProxyType(
    {"有效发票": "valid", "有效": "valid", "正常": "valid", "valid": "valid", "normal": "valid"}
    | {"作废发票": "void", "作废": "void", "已作废": "void", "void": "void", "voided": "void"}
)
# Net + tax may differ from the total by rounding of one fen; more means that a figure or a sign is wrong.
ROUNDING_FEN = 1
SELLER = ("销方单位代号", "销方识别号", "销方纳税人识别号", "seller")
BUYER = ("购方单位代号", "购方识别号", "购方纳税人识别号", "buyer")

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
        Column(
            "counterparty", "counterparty", ("对方单位代号", *SELLER, *BUYER, "counterparty"), english="Counterparty"
        ),
        Column("date", "date", ("开票日期", "date", "issued_on", "invoice_date"), english="Date"),
        Column("net_fen", "money", ("金额", "不含税金额", "net", "net_amount", "amount"), english="Net amount"),
        Column("tax_fen", "money", ("税额", "tax", "tax_amount"), english="Tax"),
        Column("total_fen", "money", ("价税合计", "total", "total_amount"), english="Total"),
        Column("status", "choice", ("发票状态", "状态", "status"), choices=STATUSES, english="Status"),
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
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content


def as_known(rows: pl.DataFrame, *, known_at: datetime | None = None, as_of: date | None = None) -> pl.DataFrame:
    """Return the invoices dated up to `as_of`, each in the last version known at `known_at`.

    Versions after the first are rare, so only the invoices that have one are looked at closely.
    """
    if known_at is not None:
        rows = rows.filter(pl.col("known_at") <= known_at)
    if as_of is not None:
        rows = rows.filter(pl.col("date") <= as_of)
    revised = rows.filter(pl.col("version") > 1)
    if revised.is_empty():
        return rows
    near = pl.col("number").is_in(revised["number"].unique().implode())
    latest = rows.filter(near).filter(pl.col("version") == pl.col("version").max().over(IDENTITY))
    return pl.concat([rows.filter(~near), latest])
