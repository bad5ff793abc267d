"""Rights as the JSON that clients see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.core.moments import written
from services.profile.book.api.shown import words
from services.profile.rights import tables
from services.profile.rights.domain.consent import Kept
from services.profile.rights.domain.dispute import State
from services.profile.rights.domain.notice import TITLES, Event
from services.profile.rights.domain.resource import title_of


def consent(row: tables.Consent) -> dict[str, Any]:
    """Show a consent."""
    same = ("id", "enterprise", "grantee", "purposes", "fields", "document_sha256")
    limits = ("most_reads_a_day", "most_reads_a_month")
    signature = ("signed_by", "signed_session", "signed_person", "terms_sha256")
    times = ("valid_from", "valid_until", "as_of_from", "as_of_until", "created_at", "revoked_at")
    told = {name: getattr(row, name) for name in (*same, *limits, *signature)}
    return told | {name: written(getattr(row, name)) for name in times}


def kept(one: Kept) -> dict[str, Any]:
    """Show what stays on file when a consent ends."""
    return {"what": one.what, "title": words(one.title), "basis": words(one.basis)}


def access(row: tables.Access) -> dict[str, Any]:
    """Show one read of a file."""
    names = ("at", "client", "actor", "purpose", "consent", "what", "request_id", "ledger_entry")
    return {name: getattr(row, name) for name in names} | {"title": words(title_of(row.what))}


def dispute(row: tables.Dispute, now: datetime) -> dict[str, Any]:
    """Show a dispute; `overdue` where its term is over and it is still open."""
    names = ("id", "enterprise", "before", "reason", "statement", "state", "reply", "correction")
    times = ("opened_at", "due_at", "decided_at")
    item = {"kind": row.kind, "record": row.record, "field": row.field}
    told = {name: getattr(row, name) for name in (*names, *times)}
    return {**told, "item": item, "overdue": row.state == State.OPEN and now > row.due_at}


def repair(row: tables.Repair) -> dict[str, Any]:
    """Show a repair."""
    names = ("id", "enterprise", "record", "tier", "published_on", "decided_on", "authority", "document", "created_at")
    return {name: getattr(row, name) for name in names}


def notice(row: tables.Notice) -> dict[str, Any]:
    """Show a notice with what its event means in words."""
    names = ("id", "event", "enterprise", "act", "facts", "created_at", "acknowledged_at")
    return {**{name: getattr(row, name) for name in names}, "title": words(TITLES[Event(row.event)])}
