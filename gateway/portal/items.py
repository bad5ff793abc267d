"""An item of a file in words: a record of any kind or a field of the description; and a dispute's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from gateway.portal import figures
from gateway.portal.language import Language, term, text

# The kind of item that is a field of the description, not a record.
DESCRIPTION = "enterprise"
# What an enterprise's description says, in the order of the page.
DESCRIBED = (
    *("name", "industry", "region", "size_class", "established_on", "scope"),
    *("employees", "revenue_fen", "assets_fen", "taxpayer", "rating"),
)
# What a record of each kind calls its day, number, partner, amount and state; the first that it has.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sort": ("direction", "record", "tax", "relation"),
    "day": ("date", "published_on", "period_end", "since"),
    "number": ("number", "reference"),
    "partner": ("counterparty", "authority", "party"),
    "fen": ("total_fen", "amount_fen", "due_fen"),
    "state": ("status", "grade", "tier"),
}
# Values that are words of an enumeration: where the texts have them.
WORDS: Mapping[str, str] = {
    **dict.fromkeys(("direction", "record", "tax", "relation"), "record_sort"),
    **dict.fromkeys(("status", "tier", "reversal"), "record_state"),
    "size_class": "size",
    "taxpayer": "taxpayer",
    "purpose": "payment_purpose",
}
# Whose file it is, and whether it was made up, stands above the item.
UNSAID = frozenset({"enterprise", "synthetic"})


def columns(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of any kind as the same few columns; None for what it does not have."""
    return {
        name: next((content[each] for each in names if content.get(each) is not None), None)
        for name, names in COLUMNS.items()
    }


def lines(language: Language, content: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return all that an item says as (label, value), without what it leaves open unless it has one line."""
    kept = {
        name: value
        for name, value in content.items()
        if name not in UNSAID and (value is not None or len(content) == 1)
    }
    return [(term(language, "record_field", name), value_of(language, name, value)) for name, value in kept.items()]


def value_of(language: Language, name: str, value: Any) -> Any:
    """Return one value in words: amounts to the fen, words of enumerations in the language."""
    if value is None:
        return text(language, "dispute.nothing")
    if name.endswith("_fen"):
        return figures.exact_yuan(value)
    if name == "share":
        return figures.percent(value, 2)
    if name == "employees":
        return figures.number(value)
    return term(language, WORDS[name], value) if name in WORDS else str(value)


def title(language: Language, item: Mapping[str, Any], content: Mapping[str, Any] | None = None) -> str:
    """Return an item's title: `发票 00000066`, `企业信息 · 行业`; only its kind where `content` is not known."""
    kind = term(language, "record_behind", item["kind"])
    if item.get("field"):
        return f"{kind} · {term(language, 'record_field', item['field'])}"
    row = columns(content or {})
    sort = row["sort"] and term(language, "record_sort", row["sort"])
    return " ".join(str(each) for each in (kind, sort, row["number"] or row["day"]) if each)


def clock(language: Language, dispute: Mapping[str, Any], now: datetime) -> str:
    """Return how a dispute stands against its twenty days: `还剩 5 天`, `已逾期 3 天`; "" where it has ended."""
    if dispute["state"] != "open":
        return ""
    left = datetime.fromisoformat(dispute["due_at"]) - now
    days = ceil(abs(left) / timedelta(days=1))
    if left >= timedelta():
        return text(language, "dispute.day_left" if days == 1 else "dispute.days_left", count=days)
    return text(language, "dispute.day_over" if days == 1 else "dispute.days_over", count=days)
