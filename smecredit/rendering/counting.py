"""What counts for a client where its orders do not say, for people."""

from __future__ import annotations

from smecredit.answers import CountingPolicy
from smecredit.rendering.tables import terminal

MEANS = {
    "confirmed": "what only a firm itself states never raises the score that decides",
    "everything": "all that is said counts, confirmed or not",
}


def counting(shown: CountingPolicy) -> None:
    """Show what counts, and by whose policy."""
    whose = "this installation's, you have set none" if shown["own"] is None else f"yours, version {shown['version']}"
    terminal().print(f"[bold]{shown['counts']}[/] counts ({whose}): {MEANS[shown['counts']]}")
