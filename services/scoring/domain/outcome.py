"""What became of a firm, and what a label says: which default, within how many months, seen on which day.

A performance window begins where the features end, or on the day that the outcome names, and lasts the horizon. Within
it a firm defaulted or paid; what was seen too early, before it began, or by another definition says neither.
"""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

Text: TypeAlias = Mapping[str, str]


@cache
def definitions() -> Mapping[str, Mapping[str, Any]]:
    """Return the definitions of default by their codes: title, text, source, since."""
    return tomllib.loads(files(__package__).joinpath("definitions.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a PD means: by which definition of default, within how many months; None where nobody declared it."""

    definition: str | None = None
    horizon_months: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody saw of a firm on a day; None for what was not told. `own` is the bank's, others were imported."""

    defaulted: bool
    observed_on: date | None = None
    definition: str | None = None
    window_from: date | None = None
    own: bool = True


class Left(StrEnum):
    """Why an outcome says nothing under the terms."""

    OTHER_DEFINITION = "other-definition"
    BEFORE_WINDOW = "before-window"
    TOO_EARLY = "too-early"


def label(seen: Sequence[Seen], terms: Terms, start: date) -> bool | Left:
    """Return whether a firm defaulted under the terms, from all that was seen of it (latest last); or why none can say.

    `start` begins the window where the outcome names no day. Without a horizon the latest counts; within one a default
    counts before what was seen later.
    """
    found = [_label(each, terms, start) for each in seen]
    if terms.horizon_months is None:
        return found[-1]
    return next((said for said in (True, False) if said in found), found[-1])


def _label(seen: Seen, terms: Terms, start: date) -> bool | Left:
    if terms.definition and seen.definition and seen.definition != terms.definition:
        return Left.OTHER_DEFINITION
    if terms.horizon_months is None or seen.observed_on is None:
        return seen.defaulted
    begin = seen.window_from or start
    if seen.observed_on <= begin:
        return Left.BEFORE_WINDOW
    end = months_after(begin, terms.horizon_months)
    if seen.defaulted:
        return seen.observed_on <= end
    return False if seen.observed_on >= end else Left.TOO_EARLY


def months_after(day: date, months: int) -> date:
    """Return the same day some months later, the last of the month where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(slots=True)
class Labels:
    """What the labels of a training are: how many, whose, of which days; counts for a card."""

    firms: int = 0
    own: int = 0
    undated: int = 0
    undeclared: int = 0
    hindsight: int = 0
    first: date | None = None
    last: date | None = None
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, seen: Seen, said: bool | Left, start: date) -> None:
        """Count the label of one firm, by the latest that was seen of it."""
        if isinstance(said, Left):
            self.left_out[said.value] += 1
            return
        self.firms += 1
        self.own += seen.own
        self.undeclared += seen.definition is None
        day = seen.observed_on
        if day is None:
            self.undated += 1
            return
        self.hindsight += day <= start
        self.first, self.last = min(day, self.first or day), max(day, self.last or day)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {
            "firms": self.firms,
            "reported": self.own,
            "imported": self.firms - self.own,
            "dated": self.firms - self.undated,
            "undated": self.undated,
            "undeclared": self.undeclared,
            "on_or_before_as_of": self.hindsight,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "left_out": dict(sorted(self.left_out.items())),
        }


def described(terms: Terms, start: date | None = None, labels: Labels | None = None) -> dict[str, Any]:
    """Return what a card says of its default: definition, horizon, window, labels, and of all that what to mind."""
    meaning = None if terms.definition is None else definitions()[terms.definition]
    window = None
    if start is not None and terms.horizon_months is not None:
        window = {"from": start.isoformat(), "to": months_after(start, terms.horizon_months).isoformat()}
    return {
        "code": terms.definition,
        "default": None if meaning is None else {**meaning, "since": meaning["since"].isoformat()},
        "horizon_months": terms.horizon_months,
        "performance_window": window,
        "labels": None if labels is None else labels.as_json(),
        "told": [*_undeclared(terms), *([] if labels is None else _told(labels))],
    }


def declared(
    terms: Terms, label_date: date | None, start: date | None = None, labels: Labels | None = None
) -> dict[str, Any]:
    """Return the same of an evaluation, with the day that its labels are of; what is not given is told."""
    said = described(terms, start, labels)
    if label_date is None:
        zh = "未提供标签日期：无法判断各结果观察了多久。"
        said["told"].append({"zh": zh, "en": "No label date is given: how long each outcome was watched is unknown."})
    return {**said, "label_date": label_date and label_date.isoformat()}


def _undeclared(terms: Terms) -> list[Text]:
    told: list[Text] = []
    if terms.definition is None:
        en = "No definition of default is declared: what each source calls one counts."
        told.append({"zh": "未声明违约定义，以来源所称的违约为准。", "en": en})
    if terms.horizon_months is None:
        en = "No horizon is declared: the PD is for no period of time."
        told.append({"zh": "未声明期限，违约概率不对应某一时间段。", "en": en})
    return told


_REASONS: Mapping[str, Text] = {
    Left.OTHER_DEFINITION: {"zh": "违约定义不同", "en": "by another definition"},
    Left.BEFORE_WINDOW: {"zh": "观察日早于表现期", "en": "seen before the window began"},
    Left.TOO_EARLY: {"zh": "表现期未满", "en": "paying, seen before the window ended"},
}


def _told(labels: Labels) -> list[Text]:
    told: list[Text] = []
    if labels.undated:
        zh = f"{labels.firms} 个结果中有 {labels.undated} 个没有日期：无法判断是否落在期限内，也无法做跨时点检验。"
        en = (
            f"{labels.undated} of {labels.firms} outcomes bear no date: whether they fell into the horizon is unknown, "
        )
        told.append({"zh": zh, "en": en + "and no test in time is possible."})
    if labels.hindsight:
        zh = f"{labels.hindsight} 个结果的观察日不晚于特征日期，特征可能已包含结果。"
        en = f"{labels.hindsight} outcomes were seen on or before the day of the features, which may know of them."
        told.append({"zh": zh, "en": en})
    if labels.left_out:
        zh = "、".join(f"{_REASONS[name]['zh']} {count}" for name, count in sorted(labels.left_out.items()))
        en = ", ".join(f"{count} {_REASONS[name]['en']}" for name, count in sorted(labels.left_out.items()))
        told.append({"zh": f"未采用的结果：{zh}。", "en": f"Outcomes left out: {en}."})
    return told
