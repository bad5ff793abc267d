"""Rows and values as the JSON that clients see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from chassis.data.jobs import JobState
from services.profile.book import tables
from services.profile.book.domain.enterprise import Enterprise
from services.profile.standards.text import Text

NOTHING: dict[str, Any] = {
    "received": 0,
    "accepted": 0,
    "duplicate": 0,
    "rejected": 0,
    "parts": None,
    "ignored_columns": [],
    "notes": [],
    "warnings": [],
}
LISTED = ("id", "name", "industry", "region", "size_class", "synthetic")


def enterprise(firm: Enterprise) -> dict[str, Any]:
    """Show an enterprise."""
    return asdict(firm)


def listed(firm: Enterprise | tables.Enterprise) -> dict[str, Any]:
    """Show who an enterprise is to those who may list it."""
    return {name: getattr(firm, name) for name in LISTED}


def stated(firm: Enterprise, said: Mapping[str, Any]) -> dict[str, Any]:
    """Show a source who the enterprise is, and what it said of it itself."""
    return {name: getattr(firm, name) for name in (*LISTED, *said)}


def imported(row: tables.Import, job: JobState, undone: tables.Withdrawal | None = None) -> dict[str, Any]:
    """Show an import, how far its job is, and whether it was taken back."""
    state = "done" if row.finished_at else job.state
    return {
        "id": row.id,
        "kind": row.kind,
        "file": row.file,
        "client": row.client,
        "channel": row.channel,
        "connector": row.connector,
        "enterprise": row.enterprise,
        "stated_on": row.stated_on,
        "granted": row.granted,
        "sha256": row.sha256,
        "state": state if undone is None else ("withdrawn" if undone.at else "withdrawing"),
        "withdrawal": withdrawal(undone),
        **{name: (row.counts or NOTHING)[name] for name in NOTHING},
        "progress": {"done": job.total if state == "done" else job.done, "total": job.total},
        "problem": job.problem,
        "created_at": row.created_at,
        "finished_at": row.finished_at or job.finished_at,
    }


def withdrawal(row: tables.Withdrawal | None) -> dict[str, Any] | None:
    """Show by whom and when an import was taken back, and what became of it."""
    if row is None:
        return None
    told = row.told or {}
    return {
        "by": row.by,
        "asked_at": row.asked_at,
        "at": row.at,
        "rows": told.get("rows"),
        "enterprises": told.get("enterprises"),
        "stand_ins": told.get("stand_ins", []),
        "send_again": told.get("send_again", []),
    }


def words(text: Text) -> dict[str, str]:
    """Show words in both languages."""
    return asdict(text)


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as JSON gives it back, for the store of answers."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(document, option=orjson.OPT_UTC_Z))
    return told


def known_at(moment: datetime) -> datetime | None:
    """Show when the book last grew, None before it first did."""
    return moment if moment.year > 1970 else None
