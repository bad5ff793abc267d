"""Disputes (异议, 征信业管理条例 Art. 25): what an enterprise holds to be wrong in its file, and what becomes of it.

A dispute is marked at once in every read. It is decided and answered in writing within twenty days; where neither side
can be shown to be right, both views stay on record, and the mark with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chassis.core.errors import Conflict, Invalid, NotFound
from chassis.core.moments import rfc3339
from services.profile.book.domain import invoice
from services.profile.book.domain.evidence import DATASETS

TERM = timedelta(days=20)
# So many days before the end of the term the operator is reminded, and once when it is over.
REMINDERS = (10, 5, 2, 1, 0)
# A correction is told to everybody who read the file in the last twelve months; a leap year has a day more.
READERS_FOR = timedelta(days=366)
# So many may be open at once: each stands in every answer about the firm.
MOST_OPEN = 100
# The kind of item that is a field of the description, not a record.
DESCRIPTION = "enterprise"
KINDS = (invoice.DATASET.name, *DATASETS, DESCRIPTION)
# The answer to a dispute about a record that has been repaired, or whose time of keeping has ended.
EXPIRED = (
    "该记录保存期限已满，不再展示、共享和使用。The record is past its keeping: it is no longer shown, shared or used."
)
TAKEN_BACK = (
    "报送方已撤回导入该记录的文件，不再展示、共享和使用。The import that brought the record was taken back: it is no "
    "longer shown, shared or used."
)
REPAIRED = "该记录已完成信用修复，不再展示、共享和使用。The record was repaired: it is no longer shown, shared or used."


class State(StrEnum):
    """How a dispute stands; `unresolved` is an end too: both views stay on record."""

    OPEN = "open"
    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    UNRESOLVED = "unresolved"
    WITHDRAWN = "withdrawn"


# What is marked in every read, with both scores beside each other.
MARKED = (State.OPEN, State.UNRESOLVED)


class Reason(StrEnum):
    """What is held to be wrong."""

    NOT_OURS = "not-ours"
    WRONG_AMOUNT = "wrong-amount"
    WRONG_DATE = "wrong-date"
    WRONG_STATUS = "wrong-status"
    SETTLED = "already-settled"
    OTHER = "other"


class Decision(StrEnum):
    """What the operator finds: the item was wrong, it was right, or neither can be shown."""

    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    UNRESOLVED = "unresolved"


class Correction(StrEnum):
    """How a wrong item was put right: it leaves the book, or its source has stated it anew; or it was repaired."""

    REMOVED = "removed"
    RESTATED = "restated"
    REPAIRED = "repaired"
    EXPIRED = "expired"


class DisputeNotFound(NotFound):
    """There is no such dispute, or it is not the caller's to see."""


class RecordNotFound(NotFound):
    """The enterprise's file has no such record."""


class AlreadyDisputed(Conflict):
    """The item is disputed, and that dispute is open."""


class TooManyDisputes(Conflict):
    """So many of the enterprise's disputes are open already."""


class DisputeEnded(Conflict):
    """The dispute has been decided or withdrawn."""


class NotRestated(Conflict):
    """The item stands as it did when it was disputed."""


class DecisionIncomplete(Invalid):
    """The decision says too little, or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reader is told of a dispute: which item, since when, and what the enterprise says of it."""

    dispute: str
    state: str
    kind: str
    record: str | None
    field: str | None
    reason: str
    statement: str
    opened_at: datetime
    due_at: datetime

    def as_json(self) -> Mapping[str, Any]:
        """Return what is shown."""
        item = {"kind": self.kind, "record": self.record, "field": self.field}
        said = {"reason": self.reason, "statement": self.statement}
        times = {"opened_at": rfc3339(self.opened_at), "due_at": rfc3339(self.due_at)}
        return {"dispute": self.dispute, "state": self.state, "item": item, **said, **times}


def due(opened_at: datetime) -> datetime:
    """Return when a dispute must be decided and answered."""
    return opened_at + TERM


def reminder_due(opened_at: datetime, reminded: int | None, now: datetime) -> int | None:
    """Return the reminder that is due now, as days left; None where none is, or where it was given.

    Reminders that were missed while nobody looked are not made up for: the nearest one counts.

    >>> from datetime import UTC
    >>> opened = datetime(2026, 3, 1, tzinfo=UTC)
    >>> [reminder_due(opened, None, opened + timedelta(days=days)) for days in (9, 10, 16, 20, 30)]
    [None, 10, 5, 0, 0]
    >>> reminder_due(opened, 5, opened + timedelta(days=16))
    """
    left = due(opened_at) - now
    passed = [days for days in REMINDERS if left <= timedelta(days=days)]
    if not passed or (reminded is not None and min(passed) >= reminded):
        return None
    return min(passed)
