"""What the suite answers about disputes, repairs and notices."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from smecredit.answers.basics import Text


class Item(TypedDict):
    """What is disputed: a record of a kind, or a field of the description."""

    kind: str
    record: str | None
    field: str | None


class Mark(TypedDict):
    """What every read tells of an open or unresolved dispute."""

    dispute: str
    state: Literal["open", "unresolved"]
    item: Item
    reason: str
    statement: str
    opened_at: str
    due_at: str


class Dispute(TypedDict):
    """What an enterprise holds to be wrong, and what became of it."""

    id: str
    enterprise: str
    item: Item
    before: dict[str, Any]
    reason: str
    statement: str
    state: Literal["open", "corrected", "confirmed", "unresolved", "withdrawn"]
    opened_at: str
    due_at: str
    overdue: bool
    decided_at: str | None
    reply: str | None
    correction: Literal["removed", "restated", "repaired", "expired"] | None


class Repair(TypedDict):
    """A public record that was repaired."""

    id: str
    enterprise: str
    record: str
    tier: Literal["minor", "general", "serious", "none"]
    published_on: str
    decided_on: str
    authority: str
    document: str
    created_at: str


class Notice(TypedDict):
    """What happened to a file; nothing of what it says."""

    id: str
    event: str
    title: Text
    enterprise: str
    act: str
    facts: dict[str, Any]
    created_at: str
    acknowledged_at: str | None
