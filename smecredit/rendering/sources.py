"""What sources may send, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

from smecredit.answers import SourceGrant
from smecredit.rendering.tables import plain_table, terminal

FEW = 3


def grants(shown: Sequence[SourceGrant]) -> None:
    """Show grants with their terms."""
    table = plain_table("Grant 报送授权", "Client", "State", "Kinds", "By", "Of", "Until")
    for grant in shown:
        table.add_row(
            grant["id"],
            escape(grant["client"]),
            grant["state"],
            ", ".join(grant["kinds"]),
            ", ".join(grant["channels"]),
            escape(_firms(grant["enterprises"])),
            grant["expires_on"] or "",
        )
    terminal().print(table if shown else "no grants 没有报送授权")


def _firms(names: Sequence[str] | None) -> str:
    if names is None:
        return "any firm 不限"
    more = f" … ({len(names)})" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more
