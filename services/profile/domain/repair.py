"""Credit repair (信用修复管理办法, in force 2026-04-01): three tiers, how long each is displayed, when it is repaired.

A repaired record leaves display, sharing and use, at every moment that is asked for. What is displayed at most so long
leaves display by itself.
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

from chassis.core.errors import Conflict, Invalid, NotFound
from services.profile.domain.days import months_later

# What can be repaired: what is held against a firm by public bodies. A grade or an award is not.
ADVERSE = frozenset({"penalty", "dishonest", "abnormal", "enforcement", "judgment", "freeze"})
# Of these the law knows tiers; one whose source names none is taken for a general one, as the portrait does. Other
# records have a tier, and its limits, only where their source names it.
TIERED, USUAL = "penalty", "general"


class RepairTooEarly(Conflict):
    """The tier's least time of display is not over."""


class NotRepairable(Invalid):
    """The record is not held against anybody, so that there is nothing to repair."""


class AlreadyRepaired(Conflict):
    """The record has left the book already."""


class RepairNotFound(NotFound):
    """There is no such repair, or it is not the caller's to see."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a tier, in months from publication; titles are (Chinese, English)."""

    key: str
    title: tuple[str, str]
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
    """Return the terms of each tier, as `repair_terms.toml` declares them."""
    return {each["key"]: Terms(**{**each, "title": tuple(each["title"])}) for each in _declared()["tier"]}


@cache
def _declared() -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "repair_terms.toml").read_text("utf-8"))


def tier_of(record: str, tier: str | None) -> str | None:
    """Return the tier of a record of this sort: the stated one, else the usual one of a penalty, else none."""
    return tier or (USUAL if record == TIERED else None)


def check(record: str, tier: str | None, published_on: date, decided_on: date) -> None:
    """Raise `NotRepairable` or `RepairTooEarly` where a record cannot have been repaired on this day."""
    if record not in ADVERSE:
        raise NotRepairable(f"A record of the sort {record} is not held against the enterprise; nothing to repair.")
    if decided_on < published_on:
        raise NotRepairable(f"It was published on {published_on}; a repair cannot have been decided before.")
    own = tier_of(record, tier)
    if own is None or decided_on < in_force():
        return
    first = terms()[own].repairable_on(published_on)
    if decided_on < first:
        raise RepairTooEarly(
            f"A record of the tier {own} is displayed for {terms()[own].least_months} months at least; "
            f"it can be repaired from {first} on.",
            tier=own,
            repairable_on=first.isoformat(),
        )


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
