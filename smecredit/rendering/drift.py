"""The drift report as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smecredit.rendering.tables import NONE, bilingual, plain_table, terminal

STATES = {
    "alarm": "[red]alarm 超限[/]",
    "shifted": "[yellow]shifted 轻移[/]",
    "stable": "stable 平稳",
    "too-few": "too few 过少",
}
SUBJECTS_SHOWN = 8
OF = {"score": "", "values": "", "points": ", points 加减分"}


def drift(report: Mapping[str, Any]) -> None:
    """Show what is alarming first, then population by month, outcomes by grade, migrations and overrides."""
    console = terminal()
    console.print(f"[bold]{report['model']}[/]  {report['since']} to {report['until']}  {report['scores']:,} scores")
    for alert in report["alerts"]:
        console.print(f"[red]![/] {alert['sentence']['zh']}  {alert['sentence']['en']}")
    if not report["alerts"]:
        console.print("nothing has passed its limit 无超限")
    for month in report["months"]:
        console.print(_month(month))
    if report["back_test"]["grades"]:
        console.print(_grades(report["back_test"]))
    _sums(console, report)


def _month(month: Mapping[str, Any]) -> Any:
    title = f"{month['month']} ({month['firms']:,} firms 家)"
    table = plain_table(title, ">PSI", ">Limit 上限", ">p, all 总体", ">Points 分", ">Power 功效", "State 状态")
    for subject in sorted(month["subjects"], key=lambda subject: (subject["p_adjusted"], -subject["psi"]))[
        :SUBJECTS_SHOWN
    ]:
        limit = NONE if subject["limit"] is None else f"{subject['limit']:.3f}"
        moved = NONE if subject["moved"] is None else f"{subject['moved']:+.1f}"
        table.add_row(
            f"{bilingual(subject['title'])}{OF[subject['of']]}",
            f"{subject['psi']:.3f}",
            limit,
            f"{subject['p_adjusted']:.3f}",
            moved,
            f"{subject['power']:.2f}",
            STATES[subject["state"]],
        )
    return table


def _grades(back_test: Mapping[str, Any]) -> Any:
    held = f"{back_test['firms']} firms 家, {back_test['horizon_months']} months 个月"
    if back_test["training_firms"]:
        held += f"; {back_test['training_firms']} trained the model, left out 参与训练未计"
    table = plain_table(f"Grade 等级 ({held})", ">Firms", ">Defaults 违约", ">Rate", ">PD", ">p(so many)", ">p(so few)")
    for grade in back_test["grades"]:
        rates = [f"{grade[name]:.2%}" for name in ("default_rate", "mean_pd")]
        chances = [f"{grade[name]:.3f}" for name in ("p_as_many", "p_as_few")]
        table.add_row(grade["grade"], str(grade["firms"]), str(grade["defaults"]), *rates, *chances)
    return table


def _sums(console: Any, report: Mapping[str, Any]) -> None:
    overall, moved, overrides = report["back_test"]["hosmer_lemeshow"], report["migrations"], report["overrides"]
    if overall:
        console.print(
            f"Hosmer-Lemeshow {overall['statistic']:.1f} on {overall['groups']} groups, p {overall['p_value']:.3f}"
        )
    if moved["stayed"] is not None:
        console.print(
            f"migration 迁移: {moved['firms']:,} firms, {moved['stayed']:.0%} stayed, {moved['up']:.0%} up, "
            f"{moved['down']:.0%} down"
        )
    if overrides["scores"]:
        console.print(
            f"overrides 人工调整: {overrides['overridden']} of {overrides['scores']} ({overrides['rate']:.1%})"
        )
