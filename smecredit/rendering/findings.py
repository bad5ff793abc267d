"""What a check of all that is kept looked at, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from smecredit.rendering.tables import plain_table, terminal


def findings(answer: Mapping[str, Any]) -> None:
    """Print what was looked at, and each finding with what to do next."""
    console = terminal()
    looked = ", ".join(f"{count:,} {what}" for what, count in answer["checked"].items() if count)
    console.print(f"looked at {looked or 'nothing'}")
    if not answer["findings"]:
        console.print("everything is as it should be")
        return
    table = plain_table("part", "what", "where", "found", "expected", "what to do next")
    for each in answer["findings"]:
        table.add_row(*(escape(str(each[name])) for name in ("part", "what", "where", "found", "expected", "todo")))
    console.print(table)
