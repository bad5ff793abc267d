"""What a class means for inspections (双随机抽查): its words and a suggested share of firms a year, as dated data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from services.profile.standards.text import Text
from services.profile.supervision.domain.pack import Class


@dataclass(frozen=True, slots=True)
class Treatment:
    """How firms of a class are treated: `rate` is the suggested share that is inspected in a year, 0–1."""

    title: Text
    treatment: Text
    factor: float
    rate: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """The treatments of all classes from a day on, and on what they stand."""

    valid_from: date
    base: float
    sources: tuple[str, ...]
    classes: Mapping[Class, Treatment]


@cache
def declared() -> tuple[Inspection, ...]:
    """Return all versions of `inspection.toml`, the oldest first."""
    said = tomllib.loads((files(__package__) / "inspection.toml").read_text("utf-8"))["version"]
    return tuple(sorted((_read(each) for each in said), key=lambda each: each.valid_from))


def inspection_on(day: date) -> Inspection:
    """Return what counts on a day; before the first version, that one."""
    found = [each for each in declared() if each.valid_from <= day]
    return found[-1] if found else declared()[0]


def _read(said: Mapping[str, Any]) -> Inspection:
    classes = {
        Class(name): Treatment(
            Text(*each["title"]), Text(*each["treatment"]), each["factor"], round(said["base"] * each["factor"], 4)
        )
        for name, each in said["classes"].items()
    }
    return Inspection(said["valid_from"], said["base"], tuple(said["sources"]), classes)
