"""The way up from a score as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from smecredit.answers import Nearest, Recourse
from smecredit.money import yuan
from smecredit.rendering.tables import bilingual, measured, plain_table, terminal, unit_of

PACE = {
    "own": "the firm's own growth 自身增长",
    "floor": "the floor 最低节奏",
    "cap": "capped at a doubling in a year 以一年翻番为上限",
}


def way_up(shown: Recourse) -> None:
    """Show what is reached and how, month by month, and what carrying on alone would bring."""
    console = terminal()
    target = " ".join(str(shown["target"][name]) for name in ("grade", "score") if name in shown["target"])
    now = shown["now"]
    console.print(
        f"[bold]{escape(shown['enterprise'])}[/]  now 现在 {_certified(now)}  target 目标 [bold]{escape(target)}[/]"
    )
    if not shown["reachable"]:
        console.print("[yellow]not within 12 months at the firm's own pace 按自身节奏 12 个月内达不到[/]")
    for rule in shown["blocked"]:
        console.print(f"[yellow]{bilingual(rule['why'])}[/]")
    found = shown if shown["reachable"] else shown["nearest"]
    if found is not None:
        _plan(console, found, nearest=not shown["reachable"])
    best = max(shown["carrying_on"], key=lambda month: (month["score"], -month["month"]), default=None)
    if best:
        console.print(f"carrying on alone 仅照旧经营: {_certified(best)} after month {best['month']} 个月后")
    pace = shown["pace"]
    console.print(
        f"pace 节奏: at most {pace['per_month']:.2%} a month 每月, {PACE[pace['basis']]} "
        f"({pace['comparisons']} comparisons 次比较)"
    )
    for hint in shown["showing_more"]:
        console.print(bilingual(hint))
    console.print(f"[dim]{bilingual(shown['assumptions'])}[/]")


def _plan(console: Console, found: Recourse | Nearest, *, nearest: bool) -> None:
    what = "nearest within reach 可达到的最好结果" if nearest else "reached 可达"
    plan, certified = found["plan"], found["certified"]
    if plan is None or certified is None:
        console.print("no plan does better than now 各方案均不高于现在" if nearest else "nothing need change 无需改变")
        return
    console.print(f"{what}: {_certified(certified)} after {found['months']} months 个月后")
    console.print(bilingual(plan["sentence"]))
    _path(console, found["path"])
    table = plain_table("Figure 指标", ">Now 现在", ">Then 届时", "Unit", ">Points 分值")
    for change in found["changes"]:
        start, end = (measured(change[side], change["unit"]) for side in ("from", "to"))
        table.add_row(bilingual(change["title"]), start, end, unit_of(change["unit"]), f"{change['points']:+.1f}")
    console.print(table)


def _path(console: Console, months: Sequence[Mapping[str, Any]]) -> None:
    trade = (">Sales 销售", ">Buyers 客户", ">Purchases 采购", ">Suppliers 供应商")
    table = plain_table(">Month 月", "Until 截至", *trade, ">Score", "Grade", ">PD")
    for month in months:
        table.add_row(
            str(month["month"]),
            month["as_of"],
            yuan(month["sales_fen"]),
            str(month["buyers"]),
            yuan(month["purchases_fen"]),
            str(month["suppliers"]),
            str(month["score"]),
            month["grade"],
            f"{month['pd']:.2%}",
        )
    console.print(table)


def _certified(found: Mapping[str, Any]) -> str:
    return f"{found['score']} [bold]{found['grade']}[/] PD {found['pd']:.2%}"
