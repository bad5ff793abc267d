"""The figures of a firm's ties as a table for people."""

from __future__ import annotations

from itertools import groupby

from rich.markup import escape

from smecredit.answers import FigureNeighbour, GraphFigure, GraphFigures
from smecredit.rendering.tables import bilingual, measured, number, plain_table, terminal

HIDEABLE = "*"
SHORT = 13  # of a keyed hash: enough to tell one from another
RISK = {1: "more 升 ↑", -1: "less 降 ↓"}


def figures(shown: GraphFigures) -> None:
    """Show each figure with its value, what more of it means for the risk, and the neighbours that it rests on."""
    console = terminal()
    console.print(f"[bold]{escape(shown['enterprise'])}[/]  as of {shown['as_of']}")
    table = plain_table("Figure 指标", ">Value", "More means 风险", "Rests on 依据")
    for block, of_block in groupby(shown["figures"], key=lambda each: each["block"]):
        table.add_row(f"[dim]{escape(block)}[/]")
        for each in of_block:
            mark = HIDEABLE if each["hideable"] else ""
            value = measured(each["value"], each["unit"])
            table.add_row(bilingual(each["title"]) + mark, value, RISK[each["direction"]], _neighbours(each))
    console.print(table)
    if any(each["hideable"] for each in shown["figures"]):
        console.print(f"{HIDEABLE} for reading only: a firm could better it by what it leaves out 仅供参考")
    if shown["left_out"]["files"]:
        console.print("More files were open than are followed 另有已开放档案未计入")
    console.print(bilingual(shown["left_out"]["note"]))


def _neighbours(figure: GraphFigure) -> str:
    """Write whom a figure rests on; amounts where it is no count of them."""
    named = [f"{_short(each['party'])} ({each['tie']}{_amount(figure, each)})" for each in figure["neighbours"]]
    return escape(", ".join([*named, *([f"+{figure['others']}"] if figure["others"] else [])]))


def _amount(figure: GraphFigure, neighbour: FigureNeighbour) -> str:
    if figure["block"] == "systemic":
        return f" {measured(neighbour['value'], 'ratio')}"
    if figure["unit"] != "count":
        return f" {measured(neighbour['value'], 'fen')}"
    return f" ×{number(neighbour['value'])}" if neighbour["value"] != 1 else ""


def _short(party: str) -> str:
    """Shorten a keyed hash."""
    return party[:SHORT] + "…" if party.startswith("hash:") else party
