"""What is known of the enterprises of one match: the profile's features, the score, and the need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import isnan, nan
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.matching.domain.counting import Counts
from services.matching.domain.predicate import RANKS, Columns, Marks, Value, mark
from services.matching.domain.vocabulary import HIERARCHIES, WORDS

FROM_SCORING = ("score", "grade", "pd", "pd_low", "pd_high")
Fact = int | float | str | None


@dataclass(frozen=True, slots=True)
class Need:
    """What the enterprise asks for: an amount in fen, a term in months, and a kind of financing if it matters."""

    amount_fen: int
    months: int
    kind: str | None = None

    def facts(self) -> dict[str, Fact]:
        """Return the need as facts that rules speak of."""
        return {"amount_fen": self.amount_fen, "months": self.months, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Facts:
    """One row an enterprise: `enterprise depth features_sha256 industry region size_class`, features, score columns.

    They are what is confirmed, with the score that decides by it; `whole` has the same rows with everything, None where
    nobody states anything alone. `problem` says why there are no scores at all (the slug of scoring's answer), else
    None. `disputes` has what those enterprises dispute in their files that do; `evidence` what the money of those rests
    on of whom that is told, `counted` the sentences about what was not counted, and `overlay` the expert rules that cap
    grades, each as JSON. `counts` is what counts for whoever asked without a product.
    """

    frame: pl.DataFrame
    as_of: date
    known_at: datetime
    catalogue: str
    model: str | None = None
    problem: str | None = None
    disputes: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    whole: pl.DataFrame | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    counted: Mapping[str, str] = field(default_factory=dict)
    overlay: Mapping[str, str] = field(default_factory=dict)
    counts: Counts = Counts.CONFIRMED

    def __len__(self) -> int:
        """Return the number of enterprises."""
        return self.frame.height

    @property
    def enterprises(self) -> list[str]:
        """Whose facts these are, in the order of the rows."""
        return self.frame.get_column("enterprise").to_list()

    def rows(self, names: Iterable[str]) -> list[dict[str, Fact]]:
        """Return the named facts of every enterprise as they came, unknown ones as None."""
        held = set(self.frame.columns)
        wanted = [name for name in names if name in held]
        columns = (map(_tidy, self.frame.get_column(name).to_list()) for name in wanted)
        return [dict(zip(wanted, row, strict=True)) for row in zip(*columns, strict=True)]

    def under(self, counts: Counts) -> Facts:
        """Return the facts that count for a product of this policy: these, unless it counts everything."""
        return self if counts is Counts.CONFIRMED or self.whole is None else replace(self, frame=self.whole)

    def slice(self, start: int, length: int) -> Facts:
        """Return the same facts for some of the enterprises."""
        whole = None if self.whole is None else self.whole.slice(start, length)
        part = replace(self, frame=self.frame.slice(start, length), whole=whole, disputes={})
        if not (self.evidence or self.counted or self.overlay):
            return part
        told = (self.evidence, self.counted, self.overlay)
        evidence, counted, overlay = (_among(part.enterprises, each) for each in told)
        return replace(part, evidence=evidence, counted=counted, overlay=overlay)

    def of(self, enterprises: Sequence[str]) -> Facts:
        """Return the same facts for these of the enterprises, in the order of the rows."""
        asked = pl.col("enterprise").is_in(enterprises)
        whole = None if self.whole is None else self.whole.filter(asked)
        return replace(self, frame=self.frame.filter(asked), whole=whole)


def _among(enterprises: Sequence[str], told: Mapping[str, str]) -> dict[str, str]:
    return {name: told[name] for name in enterprises if name in told}


def columns_of(frame: pl.DataFrame, names: Iterable[str], need: Need, marks: Marks) -> Columns:
    """Return the named facts as columns of floats (as plain floats for a single enterprise), unknown as NaN."""
    columns: dict[str, Value] = {}
    asked: Mapping[str, Fact] = need.facts()
    held, alone = set(frame.columns), frame.height == 1
    for name in names:
        if name in asked:
            columns |= _numbers(name, asked[name], marks)
        elif name in held:
            series = frame.get_column(name)
            columns |= _numbers(name, series.item(), marks) if alone else _arrays(series, marks)
    return columns


def columns_of_row(row: Mapping[str, Fact], names: Iterable[str], marks: Marks) -> Columns:
    """Return the named facts of one row of plain values, in the form that predicates ask."""
    columns: dict[str, Value] = {}
    for name in names:
        columns |= _numbers(name, row.get(name), marks)
    return columns


def _numbers(name: str, value: Any, marks: Marks) -> dict[str, float]:
    if name in WORDS:
        return {mark(name, text): nan if value is None else float(_has(name, value, text)) for text in marks.of(name)}
    if name in RANKS:
        return {name: RANKS[name].get(value, nan)}
    return {name: nan if value is None else float(value)}


def _has(name: str, value: str, text: str) -> bool:
    return value.startswith(text) if name in HIERARCHIES else value == text


def _arrays(series: pl.Series, marks: Marks) -> dict[str, NDArray[np.float64]]:
    name = series.name
    if name in WORDS:
        texts = series.cast(pl.String)
        marked = {
            text: texts.str.starts_with(text) if name in HIERARCHIES else texts == text for text in marks.of(name)
        }
        return {mark(name, text): _floats(column) for text, column in marked.items()}
    if name in RANKS:
        scale = RANKS[name]
        series = series.cast(pl.String).replace_strict(list(scale), list(scale.values()), default=None)
    return {name: _floats(series)}


def _floats(series: pl.Series) -> NDArray[np.float64]:
    return series.cast(pl.Float64).fill_null(nan).to_numpy()


def _tidy(value: Any) -> Fact:
    """Return a number as a person writes it: 14 rather than 14.0; NaN is unknown."""
    if not isinstance(value, float):
        return value  # type: ignore[no-any-return]
    if isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
