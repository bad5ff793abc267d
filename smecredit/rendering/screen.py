"""A screen of bidders as tables for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape

from smecredit.answers import BidderFinding, BidderScreen
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, bilingual, number, plain_table, terminal

FINDINGS_SHOWN, PAIRS_SHOWN, AUCTIONS_SHOWN = 40, 15, 3
LEVELS = {
    "weak": "弱 weak",
    "moderate": "中 moderate",
    "moderately-strong": "较强 moderately strong",
    "strong": "强 strong",
}
# What the figures of a finding are called; a name that is not here stands as it is.
FACTS = {
    "auctions": "历史标段 past auctions",
    "one_bids": "前者投标 bids of the one",
    "other_bids": "后者投标 of the other",
    "together": "同场 together",
    "ratio_deviation": "报价比离散 spread of the ratio",
    "loser": "从不中标 never wins",
    "one_won": "前者中标 the one won",
    "other_won": "后者中标 the other won",
    "score": "综合分 score",
    "partner": "最近伙伴 closest partner",
    "narrow": "报价接近度 closeness of bids",
    "lead": "最低价领先 lead of the lowest",
    "left_skew": "左偏 leaning left",
    "cv": "变异系数 coefficient of variation",
    "spread": "极差 spread",
    "relative_distance": "相对距离 relative distance",
    "skewness": "偏度 skewness",
    "steps": "规律 steps",
    "off": "最大偏离 off by at most",
    "bids": "涉及报价 bids",
    "wins": "中标 wins",
    "repeats": "连续中标 repeats",
    "expected": "偶然期望 expected by chance",
    "raised": "提价幅度 raised by",
    "lost_by_raising": "提价即失标 lost by raising",
    "expected_lost": "竞争下应失 expected lost",
    "raise_p": "偶然概率 chance",
    "near": "紧邻报价 near",
    "around": "附近报价 around",
    "near_p": "偶然概率 chance",
    "invoices": "发票 invoices",
    "amount_fen": "金额 amount",
    "first_on": "首次 first",
    "last_on": "最近 last",
    "said": "相同内容 both say",
}


def screen(shown: BidderScreen) -> None:
    """Show groups with their paths, pairs, and each finding with its evidence and what it weighs."""
    console = terminal()
    looked = len(shown["bidders"]) - shown["not_looked_at"]
    console.print(
        f"[bold]{shown['id']}[/]  as of {shown['as_of']}  投标人 bidders {len(shown['bidders'])}, "
        f"已查看档案 files looked at {looked}"
    )
    console.print(bilingual(shown["notice"]))
    if shown["consent"]:
        console.print(bilingual(shown["consent"]))
    past = shown["past"]
    console.print(
        f"历史标段 past auctions {past['auctions']:,} (无日期 undated {past['undated']:,}), "
        f"晚于基准日未计入 after the day, not counted {past['later']:,}"
    )
    _groups(console, shown)
    _pairs(console, shown)
    findings = plain_table("Sign 迹象", "Bidders 投标人", ">Ratio 似然比", ">Chance 偶然概率", "Evidence 依据")
    for each in shown["findings"][:FINDINGS_SHOWN]:
        found = each["likelihood"]
        ratio = NONE if found is None else f"{number(found['ratio'])} ({number(found['low'])}–{number(found['high'])})"
        chance = NONE if each["p_value"] is None else f"{each['p_value']:.2g}"
        made_up = " *" if found and found["synthetic"] else ""
        findings.add_row(bilingual(each["title"]), _names(each["bidders"]), ratio + made_up, chance, _evidence(each))
    console.print(findings)
    if any(each["likelihood"] and each["likelihood"]["synthetic"] for each in shown["findings"]):
        console.print("* 基于合成数据统计，属假定。Counted on made-up groups: an assumption.")
    left = max(0, len(shown["findings"]) - FINDINGS_SHOWN) + shown["left_out"]["findings"]
    if left:
        console.print(f"{left} more findings: --json")
    console.print(
        f"答复摘要 sha256 {shown['receipt']['answer_sha256']}  账本 ledger {shown['receipt']['ledger_entry']}"
    )


def _groups(console: Console, shown: BidderScreen) -> None:
    if not shown["groups"]:
        console.print("没有发现关联投标人组。 No group of bidders was found.")
        return
    table = plain_table(">#", "Group 组", "Strength 强度", "Weakest path 最弱路径")
    for at, group in enumerate(shown["groups"]):
        path = min(group["paths"], key=lambda each: each["weakest"])
        way = f"{escape(' → '.join(path['bidders']))} ({number(path['weakest'])})"
        table.add_row(str(at), _names(group["bidders"]), LEVELS[group["level"]], way)
    console.print(table)


def _pairs(console: Console, shown: BidderScreen) -> None:
    table = plain_table("Pair 两家", ">Ratio 似然比", "Strength 强度")
    hints = [pair for pair in shown["pairs"] if pair["ratio"] >= shown["joins"]]
    for pair in hints[:PAIRS_SHOWN]:
        table.add_row(_names(pair["bidders"]), number(pair["ratio"]), LEVELS[pair["level"]])
    if hints:
        console.print(table)
    if len(hints) > PAIRS_SHOWN:
        console.print(f"{len(hints) - PAIRS_SHOWN} more pairs: --json")


def _evidence(found: BidderFinding) -> str:
    """Write what a finding rests on: records, auctions, figures, and the articles that speak of it."""
    records = [
        f"{each['of']} {each['record'][:12]}…{_marks(each['own_word'], each['disputed'])}" for each in found["records"]
    ]
    facts = [
        f"{FACTS.get(name, name)} {_figure(name, value)}" for name, value in found["facts"].items() if value is not None
    ]
    auctions = found["auctions"][-AUCTIONS_SHOWN:]
    named = (
        [f"标段 {'、'.join(auctions)}" + (" …" if len(found["auctions"]) > len(auctions) else "")] if auctions else []
    )
    notes = ["多家共有 crowded"] * found["crowded"] + ["已终止 ended"] * found["ended"]
    articles = [f"{rule['law']}{rule['article']}" for rule in found["rules"]]
    return escape("; ".join([*records, *facts, *named, *notes, *articles]))


def _marks(own_word: bool, disputed: bool) -> str:
    return " (自述 own word)" * own_word + " (异议中 disputed)" * disputed


def _figure(name: str, value: object) -> str:
    return yuan(value) if name.endswith("_fen") and isinstance(value, int) else number(value)


def _names(bidders: Iterable[str]) -> str:
    return escape(", ".join(bidders))
