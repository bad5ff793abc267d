"""Counting public records on display for a rule or a cap, and telling which they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from services.profile.book.domain.departure import names_of
from services.profile.book.domain.display import USUAL
from services.profile.book.domain.public_record import DATASET, live
from services.profile.supervision.domain.pack import Counting

MINOR, GRADE = "minor", "tax-grade"
c = pl.col


@dataclass(frozen=True, slots=True)
class Met:
    """A record that a cap or a rule counts: `id` is the name by which it can be disputed; its number is not told."""

    id: str
    sort: str
    tier: str | None
    authority: str
    on: date
    until: date | None


def counts(counting: Counting) -> pl.Expr:
    """Tell which records are counted, on display or not."""
    tier = c("tier").fill_null(USUAL)
    chosen = c("record").is_in(counting.sorts)
    chosen &= tier.is_in(counting.tiers) if counting.tiers else tier != MINOR
    if counting.grades:
        chosen &= (c("record") != GRADE) | c("grade").is_in(counting.grades)
    if counting.authority:
        chosen &= c("authority").fill_null("").str.contains_any(list(counting.authority))
    return chosen


def numbers(records: pl.DataFrame, countings: Sequence[Counting], as_of: date) -> pl.DataFrame:
    """Return, per enterprise of which anything is published by a day, how many live records each counting finds.

    Columns: enterprise and `0`, `1` … in the order of the countings. Whom nothing was published of has no row: unknown
    is not clean.
    """
    known = records.filter(c("published_on") <= as_of)
    found = [(live(as_of) & counts(each)).sum().cast(pl.Float64).alias(str(at)) for at, each in enumerate(countings)]
    return known.group_by("enterprise").agg(*found).sort("enterprise")


def met(records: pl.DataFrame, counting: Counting, as_of: date) -> tuple[Met, ...]:
    """Return the live records of one enterprise that are counted, the latest first."""
    shown = records.filter((c("published_on") <= as_of) & live(as_of) & counts(counting))
    shown = shown.with_columns(id=names_of(DATASET, shown)).sort("published_on", "id", descending=[True, False])
    return tuple(_met(row) for row in shown.iter_rows(named=True))


def _met(row: dict[str, Any]) -> Met:
    return Met(row["id"], row["record"], row["tier"], row["authority"], row["published_on"], row["ends_on"])
