"""What counts as a ring where rings are told, as dated data: a past day is judged by what counted then."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from services.profile.graph.domain.rings.terms import Terms


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts from a day on, and who says so; see `limits.toml`."""

    valid_from: date
    source: str
    hops: int
    days: int
    tolerance: float
    least_fen: int
    recent_days: int

    @property
    def terms(self) -> Terms:
        """What makes a chain of invoices a ring."""
        return Terms(longest=self.hops, days=self.days, tolerance=self.tolerance)


@cache
def declared() -> tuple[Limits, ...]:
    """Return all entries of `limits.toml`, the latest first."""
    document = tomllib.loads(files(__package__).joinpath("limits.toml").read_text("utf-8"))
    found = (Limits(entry["valid_from"], entry["source"], **entry["values"]) for entry in document["limits"])
    return tuple(sorted(found, key=lambda entry: entry.valid_from, reverse=True))


def limits_on(day: date) -> Limits:
    """Return what counts on a day; before the first entry, that one."""
    return next((entry for entry in declared() if entry.valid_from <= day), declared()[-1])
