"""Classes and the index as tables and small charts for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from smecredit.answers import EnterpriseClass, IndexCell, IndexOrder, IndexPage
from smecredit.rendering.tables import NONE, bilingual, measured, number, plain_table, terminal

BARS, WIDTH = "▏▎▍▌▋▊▉█", 20
FULL = 100.0
HOW = {"show": "show 补充资料", "raise": "raise 提高", "lower": "lower 降低", "repair": "repair 信用修复"}
BETTER = "better 提升等级"  # of a grade, whose number falls as it gets better
GRADES = "ABMCD"  # of tax credit (纳税信用), the best first
UNITS = {"day": "天 d", "month": "个月 mo", "times": "倍 ×"}
HIDDEN = "[dim]hidden 不予公布[/]"


def enterprise_class(shown: EnterpriseClass) -> None:
    """Show a class: the points of each indicator, what caps it, what would raise it, how it is inspected."""
    console, treatment = terminal(), shown["inspection"]
    console.print(
        f"[bold]{escape(shown['enterprise'])}[/]  class 等级 [bold]{shown['class']}[/] "
        f"{bilingual(treatment['title'])}  as of {shown['as_of']}"
    )
    console.print(
        f"{number(shown['points'])} of 100 points 分 ({shown['by_points']}), known 已知权重 {shown['known_weight']} %; "
        f"rules 规则 {bilingual(shown['sector']['title'])}, {shown['sector']['valid_from']}"
    )
    table = plain_table("Indicator 指标", ">Value", ">Points 得分", ">of", "")
    for each in shown["indicators"]:
        value = valued(each["value"], each["unit"]) if each["known"] else "[yellow]unknown 未知[/]"
        row = (bilingual(each["title"]), value, number(each["points"]), number(each["most"]))
        table.add_row(*row, bar(each["points"], each["most"]))
    console.print(table)
    for cap in shown["caps"]:
        console.print(f"[red]at most 不高于 {cap['at_most']}[/]: {bilingual(cap['title'])} ({len(cap['records'])})")
    console.print(_steps(shown))
    console.print(f"Inspect 建议抽查比例 {treatment['rate']:.1%} a year: {bilingual(treatment['treatment'])}")


def _steps(shown: EnterpriseClass) -> Table:
    table = plain_table("What would raise it 提升途径", "How", ">Now", ">Needed", ">Points", "Enough 可升级")
    units = {each["key"]: each["unit"] for each in shown["indicators"]}
    for step in shown["steps"]:
        unit = units.get(step["key"], "")
        now, needed = valued(step["found"], unit), valued(step["needed"], unit)
        how = BETTER if unit == "grade" and step["how"] == "lower" else HOW[step["how"]]
        points, enough = f"+{number(step['points'])}", "yes 是" if step["enough"] else ""
        table.add_row(bilingual(step["title"]), how, now, needed, points, enough)
    return table


def valued(value: float | None, unit: str) -> str:
    """Write a value of an indicator as people say it.

    >>> valued(2.0, "grade"), valued(0.1339, "ratio"), valued(35.0, "month"), valued(None, "day")
    ('B', '13.4%', '35 个月 mo', '–')
    """
    match value, unit:
        case None, _:
            return NONE
        case place, "grade" if place in range(1, len(GRADES) + 1):
            return GRADES[int(place) - 1]
        case share, "ratio":
            return f"{share:.1%}"
        case _:
            return f"{measured(value, unit)} {UNITS.get(unit, '')}".rstrip()


def index(shown: IndexPage) -> None:
    """Show the index: a line a cell with a bar, its components, and what moved it since the month before."""
    console = terminal()
    mark = "  [yellow]synthetic 合成数据[/]" if shown["synthetic"] else ""
    console.print(f"[bold]Integrity index 诚信指数[/]{mark}  none of fewer than {shown['least_firms']} firms 家企业")
    if not shown["items"]:
        console.print("No month is published yet 尚未发布: smecredit publish-index")
        return
    keys = [each["key"] for each in shown["components"]]
    table = plain_table(
        "Month", "Region 地区", "Industry 行业", ">Firms", ">Index", "", ">Change", *[f">{k}" for k in keys]
    )
    for cell in shown["items"]:
        table.add_row(*_cell(cell, keys))
    console.print(table)
    for each in shown["components"]:
        console.print(f"  {each['key']}: {bilingual(each['title'])}, at most 满分 {number(each['most'])}")


def _cell(cell: IndexCell, keys: list[str]) -> list[str]:
    place = [cell["month"], escape(cell["region"]["name"]["zh"]), escape(cell["industry"]["name"]["zh"])]
    if cell["index"] is None:
        return [*place, NONE, HIDDEN, "", *([""] * (1 + len(keys)))]
    points: Mapping[str, float] = cell["components"] or {}
    change = cell["change"]
    moved = f"{change['total']:+.2f}" if change else NONE
    figures = [f"{points[key]:.2f}" if key in points else NONE for key in keys]
    return [*place, number(cell["firms"]), f"{cell['index']:.2f}", bar(cell["index"], FULL), moved, *figures]


def published(order: IndexOrder) -> None:
    """Show what was published."""
    console = terminal()
    console.print(f"Published 已发布 {order['months'][0]} … {order['months'][-1]}: {order['done']} months")


def bar(value: float, most: float) -> str:
    """Draw a value as a bar of at most twenty signs.

    >>> bar(50, 100)
    '██████████'
    >>> bar(0, 100), bar(1, 100)
    ('', '▎')
    """
    eighths = round(value / most * WIDTH * len(BARS)) if most else 0
    whole, rest = divmod(eighths, len(BARS))
    return BARS[-1] * whole + (BARS[rest - 1] if rest else "")
