"""What a shock does, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.markup import escape

from smecredit.answers import Exposures, FenInterval, Hop, Interval, PartnerShifts, ShockAnswer, Struck
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, plain_table, terminal

FIRMS_SHOWN = 20
SHUT = "(未授权 not open)"
SIDES = {"customers": "Customers 客户", "suppliers": "Suppliers 供应商"}
BY: dict[str | None, str] = {
    "subject": "本企业 own word",
    "counterparty": "交易方 partner",
    "association": "协会 association",
    "government": "政府 government",
    "court": "法院 court",
    "unknown": "不详 unknown",
    None: "按交易估计 estimated from trade",
}
TIES = {"trade": "→", "guarantee": "⇒"}


def shock(shown: ShockAnswer) -> None:
    """Show whom a shock hits, what it does to the book, and the firms that it reaches with their paths."""
    console = terminal()
    hit = shown["hit"]
    console.print(
        f"Shock 冲击: {len(hit['firms']) + hit['left_out']} firms 家, severity 强度 {hit['severity']:.0%}  "
        f"as of {shown['as_of']}, {shown['files']} files 份档案, {shown['withheld']} not open 未授权"
    )
    console.print(f"Share of sales lost 产出损失 (ESRI): {shown['esri']:.2%}")
    if book := shown["book"]:
        change = _fen(book["delta_el_fen"])
        console.print(f"Expected loss 预期损失: {yuan(book['el_fen'])}, change 变化 {change}")
    table = plain_table("Enterprise 企业", ">Equity 净资产", ">ΔPD", ">ΔEL", ">Output 产出", "Path 路径")
    table.columns[0].no_wrap = True  # a long path goes on in the next line, and leaves the firm its room
    for each in shown["enterprises"][:FIRMS_SHOWN]:
        pd, el = each["delta_pd"], each["delta_el_fen"]
        table.add_row(
            each["enterprise"],
            _share(each["equity_loss"]),
            _share(pd) if pd else NONE,
            _fen(el) if el else NONE,
            f"{each['production_loss']:.1%}",
            _path(each["path"], each["enterprise"]) if not each["shocked"] else "直接 direct",
        )
    console.print(table)
    if firms := shown["enterprises"][:FIRMS_SHOWN]:
        console.print(f"Equity stated by 净资产陈述方: {_stated(firms)}")
    if more := max(len(shown["enterprises"]) - FIRMS_SHOWN, 0) + shown["left_out"]:
        console.print(f"… {more} more 家未列出")
    if not all(run["settled"] for run in (shown["runs"][name] for name in ("defaults", "downstream", "upstream"))):
        console.print("[yellow]Not at rest 未收敛: losses may be larger yet[/]")


def exposures(shown: Exposures) -> None:
    """Show a client's own book of exposures."""
    console = terminal()
    if not shown["version"]:
        console.print("No book of exposures was stated 尚未填报敞口")
        return
    threshold = yuan(shown["threshold_fen"] or 0)
    console.print(f"Version 版本 {shown['version']}, threshold 限额 {threshold}, stated 填报 {shown['stated_at']}")
    table = plain_table("Enterprise 企业", ">Exposure 敞口", ">LGD", ">PD")
    for each in shown["exposures"]:
        pd = NONE if each["pd"] is None else f"{each['pd']:.2%}"
        table.add_row(each["enterprise"], yuan(each["exposure_fen"]), f"{each['lgd']:.0%}", pd)
    console.print(table)


def partner_shifts(shown: PartnerShifts) -> None:
    """Show by side whose failure costs a firm most, and which shifts would lower it."""
    console = terminal()
    for side in shown["sides"]:
        now = side["now"]
        console.print(
            f"{SIDES[side['side']]}: {side['strongest'] or NONE}, worst 最大损失 {now['worst']:.1%}, "
            f"mean 平均 {now['mean']:.1%}, {side['left_out']} not tried 未测算"
        )
        table = plain_table(f"{shown['moved']:.0%} to 转向", ">Worst 最大损失", ">Mean 平均")
        for shift in side["shifts"][:FIRMS_SHOWN]:
            table.add_row(escape(shift["to"]), f"{shift['after']['worst']:.1%}", f"{shift['after']['mean']:.1%}")
        console.print(table)


def _path(hops: Sequence[Hop], to: str) -> str:
    """Write the debtors of a path down to the firm: `→` trade credit, `⇒` a guarantee."""
    steps = [f"{hop['debtor'] or SHUT} {TIES[hop['tie']]}" for hop in hops]
    return escape(" ".join([*steps, to])) if hops else NONE


def _stated(firms: Sequence[Struck]) -> str:
    """Say of how many firms shown each source stated the equity."""
    counts = Counter(BY[each["equity"]["stated_by"]] for each in firms)
    return ", ".join(f"{by} {count}" for by, count in sorted(counts.items()))


def _share(interval: Interval) -> str:
    return f"{interval['value']:.1%} ({interval['low']:.1%}–{interval['high']:.1%})"


def _fen(interval: FenInterval) -> str:
    return f"{yuan(interval['value'])} ({yuan(interval['low'])}–{yuan(interval['high'])})"
