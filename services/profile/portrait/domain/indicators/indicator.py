"""What it means to declare an indicator: a feature that rests on more than the firm's own invoices.

Indicators stand in the portrait beside the features; the scoring model is not offered them, so that a new source
changes no score. Like features they are computed in columns, for one firm as of many days or for a book as of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.portrait.domain.features.feature import Feature

Source: TypeAlias = Literal["invoices", "payments", "tax-filings", "public-records", "relations", "network", "imports"]
FIRM = ["enterprise", "as_of"]


@dataclass(frozen=True, slots=True)
class Scale:
    """Points as a function of a value: straight lines between anchors, level beyond the first and the last."""

    anchors: tuple[tuple[float, float], ...]

    def points(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points of each value; NaN stays NaN."""
        at, points = np.array(self.anchors, dtype=np.float64).T
        return np.where(np.isnan(values), np.nan, np.interp(values, at, points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Feature):
    """A figure of the portrait with its source.

    `scale` gives its points: 0–100 in a dimension that is a mean, points added or taken from 100 in one that starts
    whole; without a scale it stands where it stands among peers. `weight` is its weight in a mean. `network` figures
    need the whole book and are known as of the present moment only.
    """

    source: Source
    scale: Scale | None = None
    weight: float = 1.0
    model: bool = False


def nothing(*names: str) -> pl.DataFrame:
    """Return figures of no firm: of most firms few kinds of data are known, and plans of nothing cost as others do."""
    return pl.DataFrame(schema={"enterprise": pl.String, "as_of": pl.Date, **dict.fromkeys(names, pl.Float64)})


def together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return all columns of figures (by firm and day) side by side; a figure that a part does not tell is null."""
    told = [part for part in parts if part.height] or list(parts[:1])
    found = told[0]
    for part in told[1:]:
        found = found.join(part, on=FIRM, how="full", coalesce=True)
    kinds = {name: kind for part in parts for name, kind in part.schema.items() if name not in found.columns}
    return found.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items())


def moments(rows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return every row once for each day of `days` (as_of)."""
    return rows.join(days, how="cross")
