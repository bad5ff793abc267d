"""Credit repair (信用修复管理办法, in force 2026-04-01): which records can be repaired, and from which day on.

A repaired record leaves display, sharing and use, at every moment that is asked for. How long each tier is displayed is
in `book/domain/display.py`.
"""

from __future__ import annotations

from datetime import date

from chassis.core.errors import Conflict, Invalid, NotFound
from services.profile.book.domain.display import in_force, terms, tier_of

# What can be repaired: what is held against a firm by public bodies. A grade or an award is not.
ADVERSE = frozenset({"penalty", "dishonest", "abnormal", "enforcement", "judgment", "freeze"})


class RepairTooEarly(Conflict):
    """The tier's least time of display is not over."""


class NotRepairable(Invalid):
    """The record is not held against anybody, so that there is nothing to repair."""


class AlreadyRepaired(Conflict):
    """The record has left the book already."""


class RepairNotFound(NotFound):
    """There is no such repair, or it is not the caller's to see."""


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
