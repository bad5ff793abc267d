"""What the book holds, and its date, for people."""

from __future__ import annotations

from smecredit.answers import Book
from smecredit.rendering.tables import NONE, terminal


def book(shown: Book) -> None:
    """Show the book's date, by what it is so, and the book's size."""
    console = terminal()
    why = "set by the operator" if shown["dated"] else "the end of the last month that is over; no operator set a day"
    console.print(f"files are read as of [bold]{shown['date']}[/]: {why}")
    console.print(
        f"{shown['enterprises']:,} enterprises, {shown['invoices']:,} invoices, the latest of {shown['latest'] or NONE}"
    )
