"""Thresholds as dated data: a past moment is judged by those of then."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Threshold:
    """What counts for a signal from a day on, and who says so."""

    signal: str
    valid_from: date
    source: str
    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        """Return one of the values."""
        return self.values[name]

    def get(self, name: str) -> float | None:
        """Return one of the values, None where this entry has none such."""
        return self.values.get(name)

    @property
    def clear_after_days(self) -> int:
        """How long an open alert must be calm until it clears."""
        return int(self.values["clear_after_days"])


class NoThreshold(LookupError):
    """No entry is of the signal."""


@cache
def declared() -> tuple[Threshold, ...]:
    """Return all entries of `thresholds.toml`."""
    document = tomllib.loads(files(__package__).joinpath("thresholds.toml").read_text("utf-8"))
    return read(document)


def read(document: Mapping[str, Any]) -> tuple[Threshold, ...]:
    """Return the entries of a parsed document."""
    return tuple(
        Threshold(entry["signal"], entry["valid_from"], entry["source"], entry["values"])
        for entry in document["threshold"]
    )


def threshold_on(signal: str, day: date, entries: Sequence[Threshold] | None = None) -> Threshold:
    """Return the entry of a signal that counts on a day; before the first of them, that one."""
    own = sorted((entry for entry in entries or declared() if entry.signal == signal), key=lambda each: each.valid_from)
    if not own:
        raise NoThreshold(f"{signal} has no threshold")
    return next((entry for entry in reversed(own) if entry.valid_from <= day), own[0])
