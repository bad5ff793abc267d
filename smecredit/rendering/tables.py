"""How answers are shown to people: tables and figures, in Chinese and English as the suite gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smecredit.money import yuan

PLAIN_WIDTH = 140
NONE = "–"


def terminal() -> Console:
    """Return a console; where no terminal tells its width, wide enough that no word is cut."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def plain_table(*titles: str) -> Table:
    """Return a table without lines; a title that starts with `>` is a column of figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        figures = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if figures else "left", no_wrap=figures)
    return table


def bilingual(text: Mapping[str, object]) -> str:
    """Return a text in both languages."""
    return escape(f"{text['zh']} {text['en']}")


def number(value: Any) -> str:
    """Write a figure of any kind with at most four meaningful digits behind the point."""
    if value is None:
        return NONE
    if isinstance(value, list):
        return escape(", ".join(str(entry) for entry in value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return escape(str(value))
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.4g}"


def measured(value: Any, unit: str) -> str:
    """Write a figure, with money as people read it."""
    return yuan(round(value)) if unit == "fen" and isinstance(value, int | float) else number(value)


def unit_of(unit: str) -> str:
    """Write the unit of a `measured` figure; money bears its own sign."""
    return "" if unit == "fen" else unit


def found_and_needed(refusal: Mapping[str, Any]) -> tuple[str, str]:
    """Write what a rule found and needed; a rule about an amount compares money."""
    subject = refusal["rule"].split(" ", 1)[0]
    if subject == "pd" and all(isinstance(refusal[side], float) for side in ("found", "needed")):
        return f"{refusal['found']:.2%}", f"{refusal['needed']:.2%}"
    unit = "fen" if subject.endswith("_fen") else ""
    return measured(refusal["found"], unit), measured(refusal["needed"], unit)


def with_interval(value: Any) -> str:
    """Write a figure with its interval where it has one."""
    if isinstance(value, Mapping):
        low, high = value.get("ci95", (None, None))
        mean = number(value.get("mean"))
        return mean if low is None else f"{mean} ({number(low)} to {number(high)})"
    return number(value)


def sandbox_mark(product: Mapping[str, Any]) -> str:
    """Mark a product that no bank sells."""
    return " [dim](sandbox 沙盒)[/]" if product.get("sandbox") else ""


def synthetic_mark(firm: Mapping[str, Any]) -> str:
    """Mark a firm that nobody runs."""
    return "  [yellow]synthetic 合成数据[/]" if firm.get("synthetic") else ""
