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


class Charge(TypedDict):
    """What is paid of a fee, so many months after the loan is paid out."""

    month: int
    fen: int


class AgreedFee(TypedDict):
    """A fee beside the interest and what it comes to: who takes it, and who pays it."""

    kind: Literal["guarantee", "appraisal", "registration", "agency"]
    payee: str
    paid_by: Literal["firm", "bank"]
    fen: int
    charges: list[Charge]


class FeeCharged(AgreedFee):
    """The same with the title of its kind."""

    title: Text


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
