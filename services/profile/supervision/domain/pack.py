"""What a pack of rules for classes says: indicators with weights and scales, thresholds of the classes, caps.

A pack is one dated file of a sector's folder (`packs/`). What is wrong in it is refused with the file, the key, what
was found and what would be right: a rule that nobody checked would decide who is inspected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from chassis.core.errors import Refused
from services.profile.portrait.domain.indicators import Scale
from services.profile.standards.text import Text

Direction: TypeAlias = Literal[-1, 1]
FULL = 100  # points of an indicator, and the sum of the weights


class Class(StrEnum):
    """The four classes of supervision (信用风险分类), from the least risk to the most."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class PackRefused(Refused):
    """A pack contradicts itself or what there is: with file, key, what was found and what is right."""


@dataclass(frozen=True, slots=True)
class Counting:
    """Which live public records are counted: sorts, tiers, and words of which an authority's name holds one.

    Without tiers all count but the minor ones; a record without a tier is taken for a general one. Without words every
    authority counts.
    """

    sorts: tuple[str, ...]
    tiers: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One indicator: a figure of the catalogue or a count of public records, its weight and its points 0–100.

    `direction` is 1 where a higher value is worse. Whoever shows no value gets the points of the worst value.
    """

    key: str
    title: Text
    dimension: str
    unit: str
    direction: Direction
    weight: int
    scale: Scale
    counting: Counting | None = None
    actionable: str = "immutable"

    @property
    def least(self) -> float:
        """The points of the worst value, and of one that is not known."""
        return min(points for _, points in self.scale.anchors)


@dataclass(frozen=True, slots=True)
class Cap:
    """A public record on display that holds the class down, whatever the points say."""

    at_most: Class
    title: Text
    counting: Counting
    source: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A sector's rules from a day on. `least` are the points, in hundredths, from which each class but D is given."""

    sector: str
    file: str
    title: Text
    valid_from: date
    industries: tuple[str, ...]
    sources: tuple[str, ...]
    least: Mapping[Class, int]
    rules: tuple[Rule, ...]
    caps: tuple[Cap, ...]

    def by_points(self, points: int) -> Class:
        """Return the class of a sum of points in hundredths."""
        return next((each for each in (Class.A, Class.B, Class.C) if points >= self.least[each]), Class.D)


def refusal(file: str, key: str, found: Any, right: str) -> PackRefused:
    """Return the refusal of a pack."""
    return PackRefused(f"{file}: {key} is {found!r}; {right}. / 规则包有误。", file=file, key=key, needed=right)
