"""Public records on display that speak against an enterprise: what a lender's expert rules beside a score ask for.

Of each only its sort, tier or grade and days are told, and the name by which it can be disputed: neither its number
nor who decided it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from services.profile.book.domain.departure import names_of
from services.profile.book.domain.display import tier_of
from services.profile.book.domain.public_record import DATASET, live

c = pl.col
SORTS = ("dishonest", "insolvency", "enforcement", "tax-grade", "penalty", "abnormal", "freeze")
MINOR = "minor"


def against(records: pl.DataFrame, as_of: date) -> dict[str, list[dict[str, Any]]]:
    """Return the live records that speak against each enterprise on a day, the latest first.

    Repaired ones and those past their display are not among them, nor minor ones; of tax grades the latest counts.
    No enterprise can lift one by its own word: public records come from other channels alone.
    """
    shown = records.filter(live(as_of), c("record").is_in(SORTS))
    shown = shown.with_columns(names_of(DATASET, shown).alias("id")).sort("published_on", "number", descending=True)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in shown.iter_rows(named=True):
        told, tier = found.setdefault(row["enterprise"], []), tier_of(row["record"], row["tier"])
        graded_later = row["record"] == "tax-grade" and any(each["type"] == "tax-grade" for each in told)
        if tier != MINOR and not graded_later:
            told.append(_told(row, tier))
    return found


def _told(row: dict[str, Any], tier: str | None) -> dict[str, Any]:
    until = row["ends_on"]
    return {
        "id": row["id"],
        "type": row["record"],
        "tier": tier,
        "grade": row["grade"],
        "on": row["published_on"].isoformat(),
        "until": None if until is None else until.isoformat(),
    }
