"""What it means to compare two sources: a declared rule, the pairs it compares, and its verdict on each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import polars as pl

from services.profile.book.domain.evidence import Evidence
from services.profile.standards.text import Text

Side: TypeAlias = Literal["above", "below", "both"]
Unit: TypeAlias = Literal["fen", "ratio", "count", "day"]

# One row per comparison: whose file, what it is about, and both values in the rule's unit. `on` is a day of the matter.
# A value is null where its source is silent although it speaks of the time: then the pair contradicts. Where only a
# firm's own word stands against silence or another value in another firm's file, `contradicts` is null: unconfirmed.
PAIRS: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "subject": pl.String(),
    "counterparty": pl.String(),
    "on": pl.Date(),
    "left": pl.Float64(),
    "right": pl.Float64(),
}
FINDINGS: dict[str, pl.DataType] = {"rule": pl.String(), **PAIRS, "contradicts": pl.Boolean()}


@dataclass(frozen=True, slots=True)
class Material:
    """What the rules compare: the enterprises' own evidence, what their partners' books say of them, and the moment.

    `mirrored` are invoices of other enterprises' files in which one of these is the counterparty; `books` tells from
    when to when each enterprise's book of each direction runs (enterprise, direction, first, last), so that silence
    can be told from a book that was never brought. `own` are the imports by which enterprises spoke of themselves: no
    book rests on these.
    """

    evidence: Evidence
    mirrored: pl.DataFrame
    books: pl.DataFrame
    as_of: date
    own: frozenset[str] = frozenset()

    def heard(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return what others than the enterprises themselves say."""
        return rows.filter(~self.spoken) if self.own else rows

    @property
    def spoken(self) -> pl.Expr:
        """Whether a row is an enterprise's own word."""
        return pl.col("import_id").is_in(sorted(self.own)).fill_null(value=False)


Pairs: TypeAlias = Callable[[Material], pl.LazyFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One comparison as `rules.toml` declares it."""

    key: str
    title: Text
    left: Text
    right: Text
    sources: tuple[str, str]
    unit: Unit
    side: Side
    since: date
    absolute: float = 0.0
    relative: float = 0.0
    basis: str | None = field(default=None)

    def contradicts(self) -> pl.Expr:
        """Tell whether `left` and `right` lie further apart than the rule allows; a missing side always does."""
        left, right = pl.col("left"), pl.col("right")
        allowed = self.absolute + self.relative * pl.max_horizontal(left.abs(), right.abs())
        difference = left - right
        beyond = {"above": difference > allowed, "below": -difference > allowed, "both": difference.abs() > allowed}
        return (left.is_null() != right.is_null()) | beyond[self.side].fill_null(value=False)


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules in the order of their declaration."""
    declared = tomllib.loads((files(__package__) / "rules.toml").read_text())["rule"]
    return tuple(_rule(entry) for entry in declared)


def _rule(entry: dict[str, Any]) -> Rule:
    title, left, right = (Text(**entry.pop(name)) for name in ("title", "left", "right"))
    return Rule(title=title, left=left, right=right, sources=tuple(entry.pop("sources")), **entry)
