"""What answers about every subject have in common."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

# The last two are states of an import that is taken back.
JobStateName = Literal["queued", "running", "done", "failed", "withdrawing", "withdrawn"]
Depth = Literal["A", "B", "C", "D", "E"]
# What counts in a score: what somebody beside the firm confirms, or everything that it states too.
Counting = Literal["confirmed", "everything"]


class Text(TypedDict):
    """A text in both languages."""

    zh: str
    en: str


class Progress(TypedDict):
    """How far a job is; `total` is null while unknown."""

    done: int
    total: int | None


class Job(TypedDict):
    """What all long work has in common."""

    id: str
    state: JobStateName
    progress: Progress
    problem: NotRequired[dict[str, Any] | None]
