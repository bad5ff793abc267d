"""How long a public record is displayed: the three tiers of credit repair (信用修复管理办法, in force 2026-04-01).

Past its tier's longest time a record leaves display by itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from services.profile.standards.days import months_later
from services.profile.standards.text import Text

# Of these the law knows tiers; one whose source names none is taken for a general one, as the portrait does. Other
# records have a tier, and its limits, only where their source names it.
TIERED, USUAL = "penalty", "general"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a tier, in months from publication."""

    key: str
    title: Text
    source: str
    least_months: int
    most_months: int
    displayed: bool

    def repairable_on(self, published_on: date) -> date:
        """Return the first day on which a record can be repaired."""
        return months_later(published_on, self.least_months)


@cache
def in_force() -> date:
    """Return the day from which a repair needs the least time of display."""
    day = _declared()["in_force"]
    assert isinstance(day, date)
    return day


@cache
def terms() -> Mapping[str, Terms]:
    """Return the terms of each tier, as `display_terms.toml` declares them."""
    return {each["key"]: Terms(**{**each, "title": Text(*each["title"])}) for each in _declared()["tier"]}


@cache
def _declared() -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "display_terms.toml").read_text("utf-8"))


def tier_of(record: str, tier: str | None) -> str | None:
    """Return the tier of a record of this sort: the stated one, else the usual one of a penalty, else none."""
    return tier or (USUAL if record == TIERED else None)


def too_early() -> pl.Expr:
    """Tell which records (`repaired_on`) are said to have been repaired before their tier allows it."""
    found = pl.lit(value=False)
    for term in terms().values():
        first = pl.col("published_on").dt.offset_by(f"{term.least_months}mo")
        found = found | ((_tier() == term.key) & (pl.col("repaired_on") < first)).fill_null(value=False)
    return found & (pl.col("repaired_on") >= in_force())


def displayed(as_of: date | pl.Expr) -> pl.Expr:
    """Tell which public records are displayed on a day: published, and neither past their own end nor their tier's.

    A minor one is displayed only where its source says until when.
    """
    shown = pl.lit(value=True)
    for term in terms().values():
        within = pl.col("published_on").dt.offset_by(f"{term.most_months}mo") >= as_of
        allowed = within if term.displayed else within & pl.col("ends_on").is_not_null()
        shown = shown & ((_tier() != term.key).fill_null(value=True) | allowed)
    ended = (pl.col("ends_on") < as_of).fill_null(value=False)
    return (pl.col("published_on") <= as_of) & ~ended & shown


def _tier() -> pl.Expr:
    """Return the tier of each record, as `tier_of` does."""
    return pl.coalesce("tier", pl.when(pl.col("record") == TIERED).then(pl.lit(USUAL)))
