"""From figures to a dimension's score: where each figure stands, what it contributes, and what they come to.

Two ways, each from a base that is 50 or 100:

- a *mean* (payment, operation, stability, growth, chain, confidence): each figure stands between 0 and 100, on its
  declared scale or, without one, by its percentile among peers (100 is the best); the score is the weighted mean. A
  figure contributes its weighted distance from 50, the middle.
- a *whole* (relation, compliance): the score starts at 100 and each figure takes or adds the points of its scale,
  never below 0 or above 100; contributions are cut in proportion where the bound is met.

So base + Σ contributions = score, in both. NaN is unknown, everywhere; an unknown figure contributes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.profile.portrait.domain.features import Feature
from services.profile.portrait.domain.features.feature import Dimension
from services.profile.portrait.domain.indicators import FIGURES, Indicator

Grid = NDArray[np.float64]
WHOLE: frozenset[Dimension] = frozenset({"relation", "compliance"})
MIDDLE, FULL = 50.0, 100.0
# The dimensions that have figures, in the catalogue's order.
SCORED: tuple[Dimension, ...] = tuple(dict.fromkeys(figure.dimension for figure in FIGURES))


def base(dimension: Dimension) -> float:
    """Return where a dimension's score starts."""
    return FULL if dimension in WHOLE else MIDDLE


def weight(figure: Feature) -> float:
    """Return a figure's weight in a mean."""
    return figure.weight if isinstance(figure, Indicator) else 1.0


def percentile(values: Grid, grid: Grid) -> Grid:
    """Return the share of peers below each value, 0–100, ties half, interpolated between quantiles; NaN stays NaN."""
    low, high = np.searchsorted(grid, values, "left"), np.searchsorted(grid, values, "right")
    above = np.clip(low, 1, len(grid) - 1)
    span = np.where(grid[above] > grid[above - 1], grid[above] - grid[above - 1], 1.0)
    between = above - 1 + (values - grid[above - 1]) / span
    tied = (low + high - 1) / 2  # a quantile itself is perhaps many peers' value
    places = np.select([low < high, low == 0, low == len(grid)], [tied, 0.0, len(grid) - 1.0], between)
    return np.where(np.isnan(values), np.nan, places)


def standing(figure: Feature, values: Grid, grids: Mapping[str, Grid]) -> Grid | None:
    """Return where a figure's values stand: 0–100, or points in a whole; None where nothing can be said of it.

    A figure without a direction says nothing of good or bad; one that no peer has cannot be placed.
    """
    if isinstance(figure, Indicator) and figure.scale is not None:
        return figure.scale.points(values)
    if not figure.direction or figure.name not in grids:
        return None
    places = percentile(values, grids[figure.name])
    return places if figure.direction < 0 else FULL - places


def contributions(dimension: Dimension, values: Mapping[str, Grid], grids: Mapping[str, Grid]) -> dict[str, Grid]:
    """Return what each figure of a dimension adds to its base, by name, for firms in columns."""
    own = [figure for figure in FIGURES if figure.dimension == dimension and figure.name in values]
    found = [(figure, standing(figure, values[figure.name], grids)) for figure in own]
    placed = [(figure, places) for figure, places in found if places is not None]
    if not placed:
        return {}
    if dimension in WHOLE:
        return _of_whole(placed)
    total = np.sum([weight(figure) * ~np.isnan(places) for figure, places in placed], axis=0)
    share = 1 / np.where(total > 0, total, 1.0)
    return {figure.name: weight(figure) * share * (places - MIDDLE) for figure, places in placed}


def _of_whole(placed: Sequence[tuple[Feature, Grid]]) -> dict[str, Grid]:
    """Return points as declared, cut where the score would leave 0…100; all unknown where invoices alone speak."""
    total = np.nansum([points for _, points in placed], axis=0)
    bounded = np.clip(FULL + total, 0.0, FULL) - FULL
    kept = np.divide(bounded, total, out=np.ones_like(total), where=total != 0)
    known = np.any([~np.isnan(points) for figure, points in placed if _beyond_invoices(figure)], axis=0)
    return {figure.name: np.where(known, points * kept, np.nan) for figure, points in placed}


def _beyond_invoices(figure: Feature) -> bool:
    return isinstance(figure, Indicator) and figure.source != "invoices"


def dimension_scores(values: Mapping[str, Grid], grids: Mapping[str, Grid]) -> dict[Dimension, Grid]:
    """Return the scores 0–100 of each dimension for firms in columns; NaN where nothing of it is known."""
    found = {dimension: dimension_score(dimension, values, grids) for dimension in SCORED}
    return {dimension: score for dimension, score in found.items() if score is not None}


def dimension_score(dimension: Dimension, values: Mapping[str, Grid], grids: Mapping[str, Grid]) -> Grid | None:
    """Return the score of one dimension for firms in columns; None where none of its figures can be placed."""
    added = contributions(dimension, values, grids)
    if not added:
        return None
    parts = np.array(list(added.values()))
    known = (~np.isnan(parts)).any(axis=0)
    score = np.clip(base(dimension) + np.nansum(parts, axis=0), 0.0, FULL)  # a last bit may lie beyond
    return np.where(known, score, np.nan)
