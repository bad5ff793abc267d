"""A score as tables for people."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from smecredit.answers import Score
from smecredit.rendering.tables import bilingual, measured, plain_table, terminal, unit_of


def score(shown: Score) -> None:
    """Show the score and what moved it, in points."""
    console = terminal()
    low, high = shown["pd_interval"]
    console.print(
        f"[bold]{shown['enterprise']}[/]  score [bold]{shown['score']:.0f}[/]  grade [bold]{shown['grade']}[/]  "
        f"PD {shown['pd']:.2%} ({low:.2%} to {high:.2%})  depth {shown['depth']}  as of {shown['as_of']}"
    )
    table = plain_table("Code", "Reason 原因", ">Points", ">Value", ">Reference", "Unit")
    for reason in shown["reasons"]:
        points = f"{reason['points']:+.1f}"
        colour = "red" if reason["points"] < 0 else "green"
        value, reference = (measured(reason[side], reason["unit"]) for side in ("value", "reference"))
        table.add_row(
            reason["code"] or "",
            bilingual(reason["title"]),
            f"[{colour}]{points}[/]",
            value,
            reference,
            unit_of(reason["unit"]),
        )
    console.print(table)
    _overlay(console, shown)
    _contested(console, shown)
    _counted(console, shown)
    if fuller := shown.get("fuller"):
        console.print(f"[cyan]{escape(fuller['sentence']['en'])}\n{escape(fuller['sentence']['zh'])}[/]")
    rest = len(shown["contributions"]) - len(shown["reasons"])
    console.print(
        f"base {shown['base_points']:.1f} points; {rest} smaller contributions; model {shown['model']['version']}"
    )
    if shown["model"]["gate"] == "failed":
        why = shown["model"]["exception"] or "no reason is on record 无说明"
        console.print(f"[yellow]the model failed its gate 模型未通过准入检验:[/] {escape(why)}")


def _counted(console: Console, shown: Score) -> None:
    """Show what the file's money rests on, and the score that does not decide."""
    if (evidence := shown["evidence"]) and evidence["confirmed_share"] is not None:
        of = ", ".join(f"{channel} {share:.0%}" for channel, share in evidence["shares"].items() if share)
        console.print(f"money by channel 金额来源: {of}; confirmed 已印证 {evidence['confirmed_share']:.0%}")
    if shown["counted"]:
        console.print(f"[yellow]{escape(shown['counted']['en'])}\n{escape(shown['counted']['zh'])}[/]")
    # A suite of before does not say it.
    if own := shown.get("own_view"):
        console.print(f"{escape(own['en'])}\n{escape(own['zh'])}")


def _overlay(console: Console, shown: Score) -> None:
    """Show which expert rules cap the grade, and what ends them."""
    for rule in shown["overlay"]:
        own = f" (model {shown['model']['grade']})" if rule["effect"]["binds"] else ""
        console.print(f"[yellow]rule 专家规则[/] {bilingual(rule['because'])}{own}")
        console.print(f"  to end it 如何解除: {bilingual(rule['ends'])}")


def _contested(console: Console, shown: Score) -> None:
    """Show what the firm disputes, and the score without it."""
    for mark in shown["disputes"]:
        what = mark["item"]["kind"]
        console.print(f"[yellow]disputed 异议[/] {what} since {mark['opened_at'][:10]}: {escape(mark['statement'])}")
    if other := shown["undisputed"]:
        points = "no score" if other["score"] is None else f"{other['score']} ({other['grade']})"
        console.print(f"without the disputed records 剔除异议项: {points}")
    if shown.get("repeat_of"):
        console.print(f"a repeat on the same facts 事实未变，重复查询: {shown['repeat_of']}")
    if shown["renewed_by"]:
        console.print(f"given anew after a correction 更正后重出: {shown['renewed_by']}")
