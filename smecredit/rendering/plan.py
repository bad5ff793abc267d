"""Plans as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smecredit.money import yuan
from smecredit.rendering.tables import plain_table, terminal

LINES_SHOWN = 12
STATUS = {
    "optimal": "optimal 已证最优",
    "bounded": "bounded 有界",
    "floors-lowered": "floors lowered 下限已放宽",
}


def churn(shown: Mapping[str, Any]) -> None:
    """Show the curves that count now."""
    table = plain_table("Grades", ">Points", ">Best rate before costs 毛收益最优利率")
    for curve in shown["curves"]:
        best = curve["best_rate"]
        table.add_row(" ".join(curve["grades"]), str(len(curve["points"])), "–" if best is None else f"{best:.2%}")
    terminal().print(table)


def allocation(plan: Mapping[str, Any]) -> None:
    """Show the plan: what it earns, how near it is to the best there is, who gets most, what fairness costs."""
    console = terminal()
    if "objective_fen" in plan:
        _figures(plan)
    if "withheld" in plan:
        console.print(f"[yellow]{plan['withheld']['detail']}[/]")
    else:
        _parts(plan)
    lines = plain_table("Enterprise", "Grade", ">PD", ">Amount 额度", ">Rate 利率")
    funded = [line for line in plan["lines"] if line.get("amount_fen")]
    for line in sorted(funded, key=lambda line: -line["amount_fen"])[:LINES_SHOWN]:
        lines.add_row(
            line["enterprise"], line["grade"], f"{line['pd']:.2%}", yuan(line["amount_fen"]), f"{line['rate']:.2%}"
        )
    console.print(lines)
    if len(funded) > LINES_SHOWN:
        console.print(f"and {len(funded) - LINES_SHOWN} more; --json gives all of them")


def _figures(plan: Mapping[str, Any]) -> None:
    terminal().print(
        f"[bold]{STATUS[plan['status']]}[/]  profit a year {yuan(plan['objective_fen'])}  at most "
        f"{yuan(plan['bound_fen'])}  offered 授信 {yuan(plan['offered_fen'])} to {plan['firms']} firms{_drawn(plan)}  "
        f"expected loss {yuan(plan['expected_loss_fen'])}"
    )


def _drawn(plan: Mapping[str, Any]) -> str:
    """Say what is expected to be drawn; a plan from before that was told has no such figure."""
    drawn = plan.get("expected_drawn_fen")
    return "" if drawn is None else f"  expected to be drawn 预期提款 {yuan(drawn)}"


def _parts(plan: Mapping[str, Any]) -> None:
    """Show what is told only while every firm of the plan consents."""
    console = terminal()
    for lowered in (plan["impossible"] or {}).get("lower", []):
        console.print(
            f"[yellow]The floor {lowered['floor']} of {yuan(lowered['fen'])} cannot be met; "
            f"{yuan(lowered['to_fen'])} can.[/]"
        )
    if plan["fairness"]:
        price = plan["fairness"]
        console.print(f"price of fairness 公平性代价 {yuan(price['price_fen'])} ({price['price_share']:.2%})")
    _groups(plan)
    for scenario in plan["stress"]:
        held, anew = scenario["held"], scenario["anew"]
        console.print(
            f"stress {scenario['name']}: this plan earns {yuan(held['objective_fen'])}, one made anew "
            f"{yuan(anew['objective_fen'])} ({len(scenario['lines'])} firms change)"
        )


def _groups(plan: Mapping[str, Any]) -> None:
    table = plain_table("By", "", ">Firms", ">Offered 授信")
    for group in plan["groups"]:
        if group["by"] in ("sector", "grade") and group["offered_fen"]:
            table.add_row(group["by"], group["key"], str(group["firms"]), yuan(group["offered_fen"]))
    terminal().print(table)
