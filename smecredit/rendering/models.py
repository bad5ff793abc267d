"""Models and evaluations as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from smecredit.answers import Model
from smecredit.rendering.tables import NONE, plain_table, terminal, with_interval

FIGURES = {"auc": "AUC", "brier": "Brier", "log_loss": "log-loss 对数损失"}
LEVELS = {
    "central_tendency": "central tendency 长期平均违约率",
    "margin_of_conservatism": "margin of conservatism 审慎边际",
    "through_the_cycle_shift": "through the cycle 跨周期调整",
}
FINDINGS = {
    "no-worse": "[green]no worse 不劣[/]",
    "not-behind": "[green]not behind 未落后[/]",
    "behind": "[red]behind 落后[/]",
    "worse": "[red]shown worse 确认较差[/]",
}
NO_MODEL = "No model yet: import firms with outcomes, then `smecredit train --promote`, `smecredit approve`."


def model(shown: Model) -> None:
    """Show one model version, with what to know of its blocks of figures, its default and its labels."""
    models([shown])
    console = terminal()
    if level := _level(shown):
        console.print(level, markup=False)
    blocks = (shown.get("card") or {}).get("blocks") or {}
    for each in (*(block["sentence"] for block in blocks.values()), *shown.get("told", ())):
        console.print(f"! {each['zh']}\n  {each['en']}", markup=False)


def _level(shown: Model) -> str | None:
    """Write what moves the level of its PDs; None where nothing does."""
    level = (shown.get("card") or {}).get("adjustment")
    if not level or not level["total_log_odds"]:
        return None
    parts = [f"{LEVELS[name]} {moved:+.3f}" for name, moved in level["log_odds"].items() if moved]
    return f"declared, log-odds 声明的调整（对数几率）: {'; '.join(parts)}; {level['points']:+.1f} points 分"


def models(shown: Sequence[Model]) -> None:
    """Show model versions with the figures of their cards."""
    if not shown:
        terminal().print(NO_MODEL, markup=False)
        return
    table = plain_table("Version", "State", "Gate 检验", ">AUC", ">Firms", ">Defaults")
    for version in shown:
        card = version.get("card") or {}
        metrics = card.get("metrics") or {}
        figures = [metrics.get(name) for name in ("auc", "firms", "defaults")]
        passed = _gate(card.get("gate"), version.get("exception"))
        table.add_row(version["version"], version["state"], passed, *(with_interval(figure) for figure in figures))
    console = terminal()
    console.print(table)
    for version in shown:
        _why(console, version)


def _gate(found: Mapping[str, Any] | None, exception: str | None) -> str:
    if found is None:
        return NONE
    if found["passed"]:
        return "passed 通过"
    return "[yellow]exception 例外[/]" if exception else "[red]failed 未通过[/]"


def _why(console: Console, shown: Model) -> None:
    """Tell by which figures a model failed its gate, and why it serves all the same."""
    found = (shown.get("card") or {}).get("gate") or {"passed": True}
    if found["passed"]:
        return
    behind = [_behind(name, test) for name, test in found.get("tests", {}).items() if _fails(test)]
    console.print(f"{shown['version']} failed its gate 未通过准入检验: {'; '.join(behind) or NONE}", markup=False)
    if reason := shown.get("exception"):
        console.print(f"approved all the same 例外批准: {reason}", markup=False)


def _behind(name: str, test: Mapping[str, Any]) -> str:
    return (
        f"{FIGURES[name]} {test['model']:.3f}, challenger 对照 {test['challenger']:.3f}, margin 容限 {test['margin']:g}"
    )


def _fails(test: Mapping[str, Any]) -> bool:
    return test["finding"] in {"behind", "worse"}


def evaluation(result: Mapping[str, Any]) -> None:
    """Show the figures of an evaluation beside those of its challenger, and of the holdout."""
    columns = {"model": result, "challenger": result.get("challenger"), "holdout": result.get("holdout")}
    there = {name: figures for name, figures in columns.items() if figures}
    table = plain_table("Figure", *(f">{name}" for name in there))
    for figure in ("firms", "defaults", "folds", "repeats", "auc", "ks", "brier", "log_loss", "ece"):
        table.add_row(figure, *(with_interval(figures.get(figure)) for figures in there.values()))
    console = terminal()
    console.print(table)
    if tests := (result.get("gate") or {}).get("tests"):
        console.print(_tests(tests))
    if compared := (result.get("rating") or {}).get("comparison"):
        console.print(_beside(compared), markup=False)
    if cut := result.get("time_cut"):
        console.print(
            f"holdout 留出：{cut['column']} ≥ {cut['cut']}，{cut['after']:,} rows 行；before 之前 {cut['before']:,}；"
            f"undated 无日期 {cut['undated']:,}",
            markup=False,
        )
    if said := result.get("definition"):
        _meaning(said)
    for suspect in result.get("suspects", ()):
        console.print(f"! {suspect['sentence']['zh']}\n  {suspect['sentence']['en']}", markup=False)


def _beside(found: Mapping[str, Any]) -> str:
    """Say how the model ranks firms beside the bank's own rating."""
    low, high = found["ci95"]
    return (
        f"rating 银行评级：AUC {found['rating']:.3f}, model 模型 {found['model']:.3f} on the same firms 同一批企业；"
        f"ahead 领先 {found['advantage']:+.3f} ({low:+.3f} to {high:+.3f})"
    )


def _meaning(said: Mapping[str, Any]) -> None:
    """Show what the labels mean, and what of that is not given."""
    absent = "not given 未提供"
    horizon = absent if said["horizon_months"] is None else f"{said['horizon_months']} months 个月"
    terminal().print(
        f"default 违约定义: {said['code'] or absent}; horizon 期限: {horizon}; "
        f"label date 标签日期: {said['label_date'] or absent}",
        markup=False,
    )


def _tests(tests: Mapping[str, Any]) -> Any:
    """Return the gate's paired tests as a table: how far the model is ahead of its challenger on the same folds."""
    table = plain_table("Gate 准入检验", ">Ahead 领先", ">95 %", ">Margin 容限", "Finding 结论")
    for name, test in tests.items():
        low, high = test["ci95"]
        figures = (f"{test['advantage']:+.4f}", f"{low:+.3f} to {high:+.3f}", f"{test['margin']:g}")
        table.add_row(FIGURES[name], *figures, FINDINGS[test["finding"]])
    return table
