"""What the suite answers about classes for supervision and about the integrity index."""

from __future__ import annotations

from typing import Literal, TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark


class ClassSector(TypedDict):
    """Whose rules were used, since when they hold, and on what they stand."""

    key: str
    title: Text
    valid_from: str
    sources: list[str]


Grade = Literal["A", "B", "C", "D"]


class ClassThresholds(TypedDict):
    """The points from which A, B and C are given."""

    A: float
    B: float
    C: float


class ClassIndicator(TypedDict):
    """One indicator: its points of at most `most`; what is not known counts as the worst value."""

    key: str
    title: Text
    dimension: str
    unit: str
    known: bool
    value: float | None
    weight: int
    points: float
    most: float


class ClassRecord(TypedDict):
    """A public record on display; `id` is the name by which it can be disputed."""

    id: str
    type: str
    tier: str | None
    authority: str
    on: str
    until: str | None


class ClassCap(TypedDict):
    """What holds the class down, whatever the points say."""

    at_most: Grade
    title: Text
    source: str
    records: list[ClassRecord]


class ClassStep(TypedDict):
    """What would raise the points, by one indicator alone; `enough` reaches the next better class."""

    key: str
    title: Text
    how: Literal["show", "raise", "lower", "repair"]
    found: float | None
    needed: float
    points: float
    enough: bool


class Inspection(TypedDict):
    """How firms of a class are inspected; `rate` is the suggested share a year."""

    title: Text
    treatment: Text
    rate: float
    base: float
    factor: float
    valid_from: str
    sources: list[str]


EnterpriseClass = TypedDict(
    "EnterpriseClass",
    {
        "enterprise": str,
        "as_of": str,
        "known_at": str,
        "disputes": list[Mark],
        "sector": ClassSector,
        "class": Grade,
        "by_points": Grade,
        "points": float,
        "known_weight": int,
        "thresholds": ClassThresholds,
        "indicators": list[ClassIndicator],
        "caps": list[ClassCap],
        "steps": list[ClassStep],
        "inspection": Inspection,
    },
)
ListedClass = TypedDict(
    "ListedClass",
    {
        "enterprise": str,
        "sector": str,
        "class": Grade,
        "points": float,
        "known_weight": int,
        "rate": float,
        "disputes": list[Mark],
    },
)


class IndexOrder(TypedDict):
    """An order of months of the index, and how far it is."""

    id: str
    state: Literal["queued", "running", "done", "failed"]
    months: list[str]
    done: int
    problem: dict[str, object] | None


class IndexMonth(TypedDict):
    """A published month: what it was made from, by which rules."""

    month: str
    known_at: str
    rules: str
    synthetic: bool
    published_at: str


class IndexComponent(TypedDict):
    """A component of the index and the most that it brings."""

    key: str
    title: Text
    most: float


class IndexPlace(TypedDict):
    """A region or an industry."""

    code: str
    name: Text


class IndexChange(TypedDict):
    """What moved the index: components among firms that stayed, and who came and went; they add up to `total`."""

    total: float
    components: dict[str, float]
    composition: float


class IndexCell(TypedDict):
    """A month's figures of a region and industry: the components add up to the index. A hidden one has none."""

    month: str
    level: Literal["nation", "province", "prefecture"]
    region: IndexPlace
    industry: IndexPlace
    hidden: bool
    firms: int | None
    index: float | None
    components: dict[str, float] | None
    known_share: float | None
    change: IndexChange | None


class IndexPage(TypedDict):
    """A page of the published index; no figure is of fewer than `least_firms`, by itself or by subtraction."""

    synthetic: bool | None
    least_firms: int
    components: list[IndexComponent]
    sources: list[str]
    months: list[IndexMonth]
    items: list[IndexCell]
    next: str | None
