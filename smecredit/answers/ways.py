"""What the suite answers about the way up from a score."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from smecredit.answers.basics import Text


class Certified(TypedDict):
    """What the model says of a firm's figures at a moment."""

    score: int
    grade: str
    pd: float


class CarryingOn(Certified):
    """The score after so many months of going on as in the last twelve."""

    month: int
    as_of: str


class PathMonth(CarryingOn):
    """One month of a plan: what is traded in it, and the score when it is over."""

    sales_fen: int
    buyers: int
    purchases_fen: int
    suppliers: int
    values: dict[str, float | None]


ScoringChange = TypedDict(
    "ScoringChange",
    {
        "feature": str,
        "title": Text,
        "unit": str,
        "from": float | None,
        "to": float | None,
        "points": float,
        "sentence": Text,
    },
)


class Plan(TypedDict):
    """What a plan asks for, every month."""

    step: Literal["carry-on", "every-month", "former-partners"]
    growth_per_month: float
    share_of_pace: float
    carries_on: bool
    sentence: Text


class Pace(TypedDict):
    """How fast the plans may grow, and what that is from."""

    per_month: float
    basis: Literal["own", "floor", "cap"]
    quantile: float
    comparisons: int


class Nearest(TypedDict):
    """The best within reach, with the plan that gets there."""

    grade: str
    plan: Plan | None
    months: int
    path: list[PathMonth]
    changes: list[ScoringChange]
    certified: Certified


class Blocked(TypedDict):
    """A rule that no plan can meet, and why."""

    rule: str
    found: float | None
    needed: float
    why: Text


class Needed(TypedDict):
    """What a target asks of the score and of the PD."""

    score: float | None
    pd: float | None


class Recourse(TypedDict):
    """The plan of the least effort from a stored score, month by month; or why there is none, and the nearest."""

    score: str
    enterprise: str
    model: dict[str, str]
    target: dict[str, Any]
    needed: Needed
    now: Certified
    reachable: bool
    plan: Plan | None
    months: int | None
    path: list[PathMonth]
    changes: list[ScoringChange]
    certified: Certified | None
    carrying_on: list[CarryingOn]
    pace: Pace
    blocked: list[Blocked]
    nearest: Nearest | None
    showing_more: list[Text]
    assumptions: Text
