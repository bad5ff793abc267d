"""What files of invoices call their columns: one direction a file, or sales and purchases in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from services.profile.book.domain import invoice
from services.profile.book.domain.dataset import Column, Settled
from services.profile.book.domain.red_letters import STATES, red_letters
from services.profile.book.domain.sides import settled

BUYER_NAME = ("购方名称", "购买方名称", "购货方名称", "购方企业名称", "buyer_name")
SELLER_NAME = ("销方名称", "销售方名称", "销货方名称", "销方企业名称", "seller_name")
# A number in one of these beats one in 发票号码, which the tax office leaves empty for fully digital invoices.
DIGITAL_NUMBER = ("数电发票号码", "全电发票号码", "数电票号码", "全电票号码")
# What may stand in several columns: the first that says something counts.
EITHER = frozenset({"number", "remark"})
# The sheets of the tax office's export (全量发票查询) that say every invoice, the better one first: whole, by line.
# The others (货物运输, 建筑服务, 不动产, 机动车, …) add to some of the same invoices what their sort of trade needs.
EXPORT_SHEETS = ("发票基础信息", "信息汇总表")
YES_NO = MappingProxyType({"是": "true", "否": "false", "true": "true", "false": "false"})
ADDED_UP = "no column states the total; it is net and tax together / 文件没有价税合计，按金额与税额之和计"


def added_up(rows: pl.DataFrame) -> Settled:
    """Return invoices with the total that a file leaves out: by definition what is net and its tax."""
    if "total_fen" in rows.columns:
        return Settled(rows)
    return Settled(rows.with_columns(total_fen=pl.col("net_fen") + pl.col("tax_fen")), warnings=(ADDED_UP,))


STEPS = (added_up, red_letters, settled)


def optional(name: str, titles: tuple[str, ...], reads: str = "text", **more: object) -> Column:
    """Return a column that a file may lack, and a row may leave empty."""
    return replace(Column(name, reads, titles, required=False, filled=False), **more)  # type: ignore[arg-type]


BESIDE = (
    optional("positive", ("是否正数发票", "is_positive"), "flag", choices=YES_NO),
    optional("risk", ("发票风险等级",)),
    optional("remark", ("备注", "发票备注", "remark", "remarks"), longest=10_000),
)


def both_sides() -> list[Column]:
    """Return the columns of a file with both directions; the codes tell which a row is, where no column does."""
    beside = (optional("seller", invoice.SELLER, "counterparty"), optional("buyer", invoice.BUYER, "counterparty"))
    named = (optional("seller_name", SELLER_NAME, "counterparty"), optional("buyer_name", BUYER_NAME, "counterparty"))
    other = ("对方单位代号", "counterparty")
    return [*_own(other, both=True), *beside, *named, *BESIDE]


def one_side(direction: str) -> list[Column]:
    """Return the columns of a file of one direction; whose invoices they are may stand in the column of its side."""
    own, other = ("seller", "buyer") if direction == "sale" else ("buyer", "seller")
    titles = {"seller": invoice.SELLER, "buyer": invoice.BUYER}
    names = {"seller": SELLER_NAME, "buyer": BUYER_NAME}
    named = optional(f"{other}_name", names[other], "counterparty")
    return [
        *_own((*titles[other], "counterparty"), both=False),
        optional(own, titles[own], "counterparty"),
        named,
        *BESIDE,
    ]


def instead(kind: str) -> Mapping[str, Sequence[frozenset[str]]]:
    """Return what may stand in the place of a column that is needed: any of these sets of others."""
    sets: dict[str, dict[str, list[set[str]]]] = {
        "invoices": {"direction": [{"seller", "buyer"}], "counterparty": [{"seller"}, {"buyer"}]},
        "invoices.sale": {"counterparty": [{"buyer_name"}], "enterprise": [{"seller"}]},
        "invoices.purchase": {"counterparty": [{"seller_name"}], "enterprise": [{"buyer"}]},
    }
    told = {"total_fen": [{"net_fen", "tax_fen"}], **sets[kind]}
    return MappingProxyType({name: [frozenset(each) for each in some] for name, some in told.items()})


def _own(other: tuple[str, ...], *, both: bool) -> list[Column]:
    """Return our columns as files write them."""
    changed = {
        "counterparty": {"titles": other, "filled": False},
        "number": {"titles": (*DIGITAL_NUMBER, "发票号码", "number", "invoice_number")},
        "status": {"choices": STATES},
    }
    columns = [column for column in invoice.DATASET.columns if both or column.name != "direction"]
    return [replace(column, **changed.get(column.name, {})) for column in columns]  # type: ignore[arg-type]
