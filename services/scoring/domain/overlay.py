"""The overlay: expert rules beside the model, as dated data. A public record caps the grade, and is told as such.

Nothing of it is in the contributions: the model's own figures stay as they are, and the effective ones stand beside
them. Where a cap binds, the effective points are the highest of the capped grade and the effective PD is theirs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any, Protocol

from services.scoring.domain import scale

# Sorts of public records that a rule can be about, as the profile service names them.
TYPES = ("dishonest", "insolvency", "enforcement", "tax-grade", "penalty", "abnormal", "freeze")
TIERS = ("serious", "general", "")
TAX_GRADES = ("A", "B", "M", "C", "D")
# The best grade caps nothing.
CAPS = tuple(step.name for step in scale.MASTER_SCALE[1:])
PUBLIC_RECORDS = "public-records"
Text = Mapping[str, str]
Record = Mapping[str, Any]
# `{"version", "rules": [...]}` as it is stored with a score.
Overlay = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: live records of a type, of these tiers and tax grades where given, cap the grade."""

    key: str
    title: Text
    type: str
    cap: str
    ends: Text
    basis: Text
    tiers: tuple[str, ...] | None = None
    grades: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Rule:
        """Read a rule as it is stored and sent."""
        lists = {name: None if said.get(name) is None else tuple(said[name]) for name in ("tiers", "grades")}
        return cls(**{**said, **lists})

    def meets(self, record: Record) -> bool:
        """Tell whether a record is one that the rule is about."""
        right_tier = self.tiers is None or (record["tier"] or "") in self.tiers
        right_grade = self.grades is None or record["grade"] in self.grades
        return bool(record["type"] == self.type and right_tier and right_grade)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one version, in force from a day until the next version is."""

    version: str
    valid_from: date
    rules: tuple[Rule, ...]


class Figures(Protocol):
    """What a model says of a firm in numbers."""

    @property
    def score(self) -> int:
        """Whole points."""

    @property
    def grade(self) -> str:
        """The grade of the points."""

    @property
    def pd(self) -> float:
        """Probability of default."""

    @property
    def pd_low(self) -> float:
        """Where its interval begins."""

    @property
    def pd_high(self) -> float:
        """Where its interval ends."""


@dataclass(frozen=True, slots=True)
class Effective:
    """The figures that decide: the model's, or those of the grade that a rule caps them at."""

    score: int
    grade: str
    pd: float
    pd_low: float
    pd_high: float


@cache
def shipped() -> RuleSet:
    """Return the version that every installation begins with."""
    said = tomllib.loads((files(__package__) / "overlay_rules.toml").read_text("utf-8"))
    rules = tuple(Rule.from_json({**each, **{name: _text(each[name]) for name in WORDS}}) for each in said["rule"])
    return RuleSet(said["version"], said["valid_from"], rules)


WORDS = ("title", "ends", "basis")


def overlay(rules: RuleSet | None, records: Sequence[Record] | None) -> Overlay | None:
    """Return which rules the live records of a firm meet; None where no version is in force or records are withheld.

    `records` are as the profile service tells them, the latest first.
    """
    if rules is None or records is None:
        return None
    met = ((rule, [each for each in records if rule.meets(each)]) for rule in rules.rules)
    return {"version": rules.version, "rules": [_told(rules.version, rule, found) for rule, found in met if found]}


def cap_of(said: Overlay | None) -> str | None:
    """Return the lowest grade that the rules cap at, None where none does."""
    caps = [] if said is None else [each["effect"]["cap"] for each in said["rules"]]
    return max(caps, key=CAPS.index, default=None)


def effective(figures: Figures, said: Overlay | None) -> Effective:
    """Return the figures that decide under an overlay."""
    same = Effective(figures.score, figures.grade, figures.pd, figures.pd_low, figures.pd_high)
    cap = cap_of(said)
    if cap is None or figures.score <= (most := most_points(cap)):
        return same
    pd = least_pd(cap)
    return Effective(most, cap, max(pd, figures.pd), max(pd, figures.pd_low), max(pd, figures.pd_high))


def effective_grade(grade: str, said: Overlay | None) -> str:
    """Return a grade under an overlay."""
    names, cap = [step.name for step in scale.MASTER_SCALE], cap_of(said)
    return grade if cap is None else max(grade, cap, key=names.index)


def binds(figures: Figures, told: Mapping[str, Any]) -> bool:
    """Tell whether a told rule takes the model's grade down."""
    return figures.score > most_points(told["effect"]["cap"])


def most_points(grade: str) -> int:
    """Return the highest whole points of a grade below the best.

    >>> most_points("CCC")
    519
    """
    return ceil(scale.MASTER_SCALE[CAPS.index(grade)].from_points) - 1


def least_pd(grade: str) -> float:
    """Return the PD at the highest points of a grade below the best, never under the floor."""
    return float(scale.floored(scale.pd_of(most_points(grade))))


def hindrances(said: Overlay | None, points: float | None, pd: float | None) -> list[dict[str, Any]]:
    """Return the rules under which no figures reach these points or this PD: `{rule, found, needed, why}` each."""
    found = []
    for rule in [] if said is None else said["rules"]:
        most, least = most_points(rule["effect"]["cap"]), least_pd(rule["effect"]["cap"])
        why = {name: f"{rule['because'][name]}{stop}{rule['ends'][name]}" for name, stop in STOPS.items()}
        if points is not None and points > most:
            found.append({"rule": rule["rule"], "found": float(most), "needed": points, "why": why})
        elif pd is not None and pd < least:
            found.append({"rule": rule["rule"], "found": least, "needed": pd, "why": why})
    return found


STOPS = {"zh": "。", "en": ". "}


def without(said: Overlay | None, disputed: Collection[str]) -> Overlay | None:
    """Return an overlay without records of these names; a rule that no record is left of is not met."""
    if said is None:
        return None
    rest = [
        {**rule, "records": [each for each in rule["records"] if each["id"] not in disputed]} for rule in said["rules"]
    ]
    return {**said, "rules": [rule for rule in rest if rule["records"]]}


def records_in(said: Overlay) -> list[Record]:
    """Return the records that an overlay rests on, each once."""
    return list({each["id"]: each for rule in said["rules"] for each in rule["records"]}.values())


def _told(version: str, rule: Rule, found: Sequence[Record]) -> dict[str, Any]:
    day = found[0]["on"]
    return {
        "rule": rule.key,
        "version": version,
        "title": dict(rule.title),
        "effect": {"cap": rule.cap},
        "because": {
            "zh": f"{rule.title['zh']}（{day} 公示）：信用等级最高为 {rule.cap}",
            "en": f"{rule.title['en']}, published {day}: the grade is {rule.cap} at most",
        },
        "ends": dict(rule.ends),
        "basis": dict(rule.basis),
        "records": [dict(each) for each in found],
    }


def _text(said: list[str]) -> dict[str, str]:
    zh, en = said
    return {"zh": zh, "en": en}
