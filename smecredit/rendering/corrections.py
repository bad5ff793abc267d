"""Disputes and notices as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from rich.markup import escape

from smecredit.answers import Dispute, Notice
from smecredit.rendering.tables import bilingual, plain_table, terminal


def disputes(shown: Sequence[Dispute], now: datetime) -> None:
    """Show disputes with the days that are left."""
    table = plain_table("Dispute 异议", "State", "Firm", "Item", "Reason", ">Days left")
    for dispute in shown:
        left = days_left(dispute, now) if dispute["state"] == "open" else None
        days = "" if left is None else f"[red]{left}[/]" if left < 0 else str(left)
        item = dispute["item"]["record"] or dispute["item"]["field"] or ""
        table.add_row(
            dispute["id"],
            dispute["state"],
            escape(dispute["enterprise"]),
            f"{dispute['item']['kind']} {item}",
            dispute["reason"],
            days,
        )
    terminal().print(table if shown else "no disputes 没有异议")


def days_left(dispute: Dispute, now: datetime) -> int:
    """Return the days until a dispute is due, the one under way counted; below 0 those since, likewise."""
    left = (datetime.fromisoformat(dispute["due_at"]) - now) / timedelta(days=1)
    return ceil(left) if left >= 0 else -ceil(-left)


def notices(shown: Sequence[Notice]) -> None:
    """Show notices."""
    table = plain_table("Notice 通知", "On", "Firm", "What")
    for notice in shown:
        table.add_row(notice["id"], notice["created_at"][:10], escape(notice["enterprise"]), bilingual(notice["title"]))
    terminal().print(table if shown else "nothing to tell 没有通知")
