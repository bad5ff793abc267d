"""The figures of the graph: what each is called, which way risk goes with it, and why that is so before any data.

A direction is declared from what trade, company law and the literature say, never fitted: a model is bound to it, and
one whose rows say otherwise does not use the figure (ADR 45). `block` is what training keeps or leaves as one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

from services.profile.standards.text import Text

Block: TypeAlias = Literal[
    "backing", "offices", "strength", "distress", "exposure", "group", "trade", "dependence", "rings", "systemic"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a firm's ties; `direction` is the sign of the change of the PD as it rises.

    `hideable` tells that a firm could improve it by leaving out what it shows itself: such a figure is for reading.
    `own_file` tells that it rests on the firm's own file and on what registers publish alone, so that it is the same
    whoever reads: without that no model is bound to it, since all readers share one.
    """

    name: str
    title: Text
    unit: Literal["count", "ratio", "fen"]
    direction: Literal[-1, 1]
    block: Block
    worse: Text
    better: Text
    hideable: bool = False
    own_file: bool = False


FIGURES = (
    # Who stands behind a firm: a firm that owns it, or in which it could invest, is backing; a private purse is less.
    Figure(
        name="corporate_owners",
        title=Text("企业股东数", "Owners that are firms"),
        unit="count",
        direction=-1,
        block="backing",
        worse=Text("没有企业股东支持", "No firm stands behind it as an owner"),
        better=Text("有企业股东支持", "Firms stand behind it as owners"),
        own_file=True,
    ),
    Figure(
        name="investees",
        title=Text("对外投资企业数", "Firms that it has invested in"),
        unit="count",
        direction=-1,
        block="backing",
        worse=Text("没有对外投资", "It holds no part of another firm"),
        better=Text("有对外投资", "It holds parts of other firms"),
    ),
    Figure(
        name="personal_capital_share",
        title=Text("自然人出资占注册资本比例", "Part of its capital that persons contribute"),
        unit="ratio",
        direction=1,
        block="backing",
        worse=Text("资本主要来自自然人", "Its capital comes from private persons"),
        better=Text("资本较少依赖自然人", "Little of its capital hangs on private persons"),
        own_file=True,
    ),
    Figure(
        name="largest_owner_share",
        title=Text("第一大自然人股东出资占比", "Largest part of one person in what persons contribute"),
        unit="ratio",
        direction=1,
        block="backing",
        worse=Text("依赖单一自然人股东", "It hangs on one private owner"),
        better=Text("自然人股东较为分散", "Several private owners share it"),
        own_file=True,
    ),
    Figure(
        name="capital_per_owner",
        title=Text("自然人股东人均出资", "Contribution of a private owner on average"),
        unit="fen",
        direction=-1,
        block="backing",
        worse=Text("股东人均出资偏少", "Its private owners put in little each"),
        better=Text("股东人均出资较多", "Its private owners put in much each"),
        own_file=True,
    ),
    # Persons in office: trouble of each, and of what else each owns, reaches the firm; one person in several offices
    # leaves nobody to object (公司法 2023 Art. 76: a director or manager may not be supervisor as well).
    Figure(
        name="persons",
        title=Text("关联自然人数", "Persons who own or run it"),
        unit="count",
        direction=1,
        block="offices",
        worse=Text("关联自然人较多，风险传入渠道多", "Many persons through whom trouble may come in"),
        better=Text("关联自然人较少", "Few persons through whom trouble may come in"),
        own_file=True,
    ),
    Figure(
        name="personal_owners",
        title=Text("自然人股东数", "Owners who are persons"),
        unit="count",
        direction=1,
        block="offices",
        worse=Text("自然人股东较多", "Many private owners"),
        better=Text("自然人股东较少", "Few private owners"),
        own_file=True,
    ),
    Figure(
        name="offices",
        title=Text("自然人任职及持股关系数", "Offices and holdings of persons"),
        unit="count",
        direction=1,
        block="offices",
        worse=Text("自然人任职和持股关系较多", "Many offices and holdings of persons"),
        better=Text("自然人任职和持股关系较少", "Few offices and holdings of persons"),
        own_file=True,
    ),
    Figure(
        name="combined_offices",
        title=Text("身兼数职的自然人数", "Persons who own it and run it, or hold two offices"),
        unit="count",
        direction=1,
        block="offices",
        worse=Text("所有、经营、监督由同一人兼任", "The same persons own, run and supervise it"),
        better=Text("所有、经营、监督相互分开", "Owning, running and supervising are apart"),
        own_file=True,
    ),
    Figure(
        name="managers",
        title=Text("任职管理的自然人数", "Persons in charge"),
        unit="count",
        direction=1,
        block="offices",
        worse=Text("任职自然人较多", "Many persons in charge"),
        better=Text("任职自然人较少", "Few persons in charge"),
        own_file=True,
    ),
    Figure(
        name="supervisors",
        title=Text("监事数", "Supervisors"),
        unit="count",
        direction=1,
        block="offices",
        worse=Text("监事较多", "Many supervisors"),
        better=Text("监事较少", "Few supervisors"),
    ),
    Figure(
        name="hired_managers",
        title=Text("不持股的任职自然人数", "Persons in charge who own nothing of it"),
        unit="count",
        direction=-1,
        block="offices",
        worse=Text("所有与经营未分离", "Its owners run it themselves"),
        better=Text("所有与经营分离", "Who runs it is not who owns it"),
        own_file=True,
    ),
    Figure(
        name="independent_supervisors",
        title=Text("不持股也不任职管理的监事数", "Supervisors who neither own nor run it"),
        unit="count",
        direction=-1,
        block="offices",
        worse=Text("缺少独立监督", "Nobody independent supervises it"),
        better=Text("有独立监督", "Somebody independent supervises it"),
    ),
    # How strong those are that it is tied to.
    Figure(
        name="strongest_partner",
        title=Text("直接关联企业中最大注册资本", "Capital of the strongest firm it is tied to"),
        unit="fen",
        direction=-1,
        block="strength",
        worse=Text("直接关联企业实力偏弱", "No strong firm is tied to it"),
        better=Text("有实力雄厚的关联企业", "A strong firm is tied to it"),
    ),
    Figure(
        name="strongest_second",
        title=Text("二度关联企业中最大注册资本", "Capital of the strongest firm two ties away"),
        unit="fen",
        direction=-1,
        block="strength",
        worse=Text("二度关联企业实力偏弱", "No strong firm within two ties"),
        better=Text("二度关联中有实力雄厚的企业", "A strong firm within two ties"),
    ),
    Figure(
        name="even_strength_second",
        title=Text("二度关联企业注册资本均值（对数）", "Capital of firms two ties away, geometric mean"),
        unit="fen",
        direction=-1,
        block="strength",
        worse=Text("二度关联企业普遍偏弱", "Firms two ties away are mostly weak"),
        better=Text("二度关联企业普遍较强", "Firms two ties away are mostly strong"),
    ),
    # Trouble of others, by how far it is: what they lost in court or are listed for; never whether they defaulted.
    *(
        Figure(
            name=f"distress_{hop}",
            title=Text(f"{word}关联企业不利记录数", f"Adverse records of firms {hop} ties away"),
            unit="count",
            direction=1,
            block="distress",
            worse=Text(f"{word}关联企业存在不利记录", f"Firms {hop} ties away are in trouble"),
            better=Text(f"{word}关联企业记录良好", f"Firms {hop} ties away have clean records"),
        )
        for hop, word in ((1, "一度"), (2, "二度"), (3, "三度"))
    ),
    Figure(
        name="troubled_share_second",
        title=Text("二度关联企业中有不利记录的占比", "Part of the firms two ties away with adverse records"),
        unit="ratio",
        direction=1,
        block="distress",
        worse=Text("二度关联企业多有不利记录", "Many firms two ties away are in trouble"),
        better=Text("二度关联企业少有不利记录", "Few firms two ties away are in trouble"),
    ),
    # What may be called from it.
    Figure(
        name="guarantees",
        title=Text("担保关系数", "Guarantees that it gives"),
        unit="count",
        direction=1,
        block="exposure",
        worse=Text("对外担保较多", "It stands surety for others"),
        better=Text("没有对外担保", "It stands surety for nobody"),
    ),
    Figure(
        name="loans",
        title=Text("企业间借贷关系数", "Loans between it and other firms"),
        unit="count",
        direction=1,
        block="exposure",
        worse=Text("企业间借贷较多", "It lends to and borrows from other firms"),
        better=Text("没有企业间借贷", "No loans between it and other firms"),
    ),
    Figure(
        name="creditors",
        title=Text("债权债务关系数", "Claims between it and other firms"),
        unit="count",
        direction=1,
        block="exposure",
        worse=Text("与其他企业有债权债务纠葛", "Claims between it and other firms"),
        better=Text("没有债权债务纠葛", "No claims between it and other firms"),
    ),
    Figure(
        name="heads",
        title=Text("所属总公司数", "Head firms whose branch it is"),
        unit="count",
        direction=1,
        block="exposure",
        worse=Text("属于分支机构，无独立财产", "A branch without property of its own"),
        better=Text("不是分支机构", "No branch of another"),
    ),
    # How large the group is that stands or falls together (as in the portrait's relation dimension).
    Figure(
        name="group_size",
        title=Text("关联集团企业数", "Firms in its group"),
        unit="count",
        direction=1,
        block="group",
        worse=Text("所在关联集团较大", "Its group is large"),
        better=Text("所在关联集团较小", "Its group is small"),
    ),
    Figure(
        name="shared_persons",
        title=Text("同时关联其他企业的自然人数", "Its persons who are tied to other firms too"),
        unit="count",
        direction=1,
        block="group",
        worse=Text("关联自然人同时涉及其他企业", "Its persons are tied to other firms as well"),
        better=Text("关联自然人不涉及其他企业", "Its persons are tied to no other firm"),
    ),
)
# What no kind of data of the book tells yet; SMEsD has it.
UNTOLD = frozenset({"supervisors", "independent_supervisors", "loans", "creditors", "heads"})
BLOCKS: tuple[Block, ...] = ("backing", "offices", "strength", "distress", "exposure", "group")
# What a training may be offered (ADR 45): the same whoever reads, not to be bettered by silence, and of ties alone: a
# firm's own trade goes on as it plans, and the figures of its trade with it, which no way up could certify.
OFFERED = tuple(each for each in FIGURES if each.own_file and not each.hideable and each.name not in UNTOLD)
# Raise with any change of a formula; declared names, units and directions are in the digest.
REVISION = "2026.1"


def version() -> str:
    """Return the version of the figures that a training may be offered."""
    declared = "\n".join(f"{each.name} {each.unit} {each.direction} {each.block}" for each in OFFERED)
    return f"{REVISION}-{hashlib.sha256(declared.encode()).hexdigest()[:8]}"
