"""Models and evaluations as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smecredit.answers import Model
from smecredit.rendering.tables import plain_table, terminal, with_interval

NO_MODEL = "No model yet: import firms with outcomes, then `smecredit train --promote`, `smecredit approve`."


def model(shown: Model) -> None:
    """Show one model version."""
    models([shown])


def models(shown: Sequence[Model]) -> None:
    """Show model versions with the figures of their cards."""
    if not shown:
        terminal().print(NO_MODEL, markup=False)
        return
    table = plain_table("Version", "State", ">AUC", ">Firms", ">Defaults")
    for version in shown:
        card = version.get("card") or {}
        metrics = card.get("metrics") or {}
        figures = [metrics.get(name) for name in ("auc", "firms", "defaults")]
        table.add_row(version["version"], version["state"], *(with_interval(figure) for figure in figures))
    terminal().print(table)


def evaluation(result: Mapping[str, Any]) -> None:
    """Show the figures of an evaluation beside those of its challenger, and of the holdout."""
    columns = {"model": result, "challenger": result.get("challenger"), "holdout": result.get("holdout")}
    there = {name: figures for name, figures in columns.items() if figures}
    table = plain_table("Figure", *(f">{name}" for name in there))
    for figure in ("firms", "defaults", "folds", "repeats", "auc", "ks", "brier", "ece"):
        table.add_row(figure, *(with_interval(figures.get(figure)) for figures in there.values()))
    console = terminal()
    console.print(table)
    if cut := result.get("time_cut"):
        console.print(
            f"holdout 留出：{cut['column']} ≥ {cut['cut']}，{cut['after']:,} rows 行；before 之前 {cut['before']:,}；"
            f"undated 无日期 {cut['undated']:,}",
            markup=False,
        )
    for suspect in result.get("suspects", ()):
        console.print(f"! {suspect['sentence']['zh']}\n  {suspect['sentence']['en']}", markup=False)
