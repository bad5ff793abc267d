"""Firms with points, made for the index: skewed over regions and industries, as real ones are, so that many are few."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from services.profile.supervision.domain.cells import FIRMS, KEY, Cell, cell, tabulated
from services.profile.supervision.domain.panel import Atom

MOST = {"payment": 4000, "operation": 1000, "compliance": 4500, "confidence": 500}
COMPONENTS = tuple(MOST)
WHOLE_POINTS = sum(MOST.values())


def made(seed: int, firms: int, provinces: int, prefectures: int, sections: int) -> pl.DataFrame:
    """Return firms of a month: enterprise, prefecture, industry, hundredths by component, known."""
    rng = np.random.default_rng(seed)
    first, second, kind = rng.zipf(1.6, firms) % provinces, rng.zipf(1.8, firms) % prefectures, rng.zipf(1.7, firms)
    # Places and trades differ: the last of each have half of the points.
    share = (1 - second / (2 * prefectures)) * (1 - kind % sections / (2 * sections))
    return pl.DataFrame(
        {
            "enterprise": [f"local:{at}" for at in range(firms)],
            "prefecture": [
                f"{11 + province:02d}{place + 1:02d}00" for province, place in zip(first, second, strict=True)
            ],
            "industry": [chr(ord("A") + at) for at in kind % sections],
            **{name: (rng.integers(0, most + 1, firms) * share).astype(np.int64) for name, most in MOST.items()},
            "known": rng.integers(0, 10_001, firms),
        }
    )


def later(firms: pl.DataFrame, seed: int, by: int = 60) -> pl.DataFrame:
    """Return the same firms a month later: each component moved by a little."""
    rng = np.random.default_rng(seed)
    moved = {name: firms[name] + pl.Series(rng.integers(-by, by + 1, firms.height)) for name in COMPONENTS}
    return firms.with_columns(each.clip(0, MOST[name]).alias(name) for name, each in moved.items())


def atoms(firms: pl.DataFrame) -> dict[str, Atom]:
    """Return the cell of each firm."""
    return {name: (place, kind) for name, place, kind in firms.select("enterprise", "prefecture", "industry").rows()}


def placed(firms: pl.DataFrame, members: Mapping[str, Atom]) -> pl.DataFrame:
    """Return those firms that are members, each in the cell that it joined."""
    found = firms.filter(pl.col("enterprise").is_in(list(members)))
    at = [members[name] for name in found["enterprise"]]
    place, kind = (pl.Series([atom[side] for atom in at], dtype=pl.String) for side in (0, 1))
    return found.with_columns(prefecture=place, industry=kind)


def counts(firms: pl.DataFrame) -> dict[Cell, int]:
    """Return how many firms every cell has, in truth."""
    table = tabulated(firms.with_columns(index=pl.sum_horizontal(COMPONENTS)), [])
    return {cell(key): count for *key, count in table.select(*KEY, FIRMS).rows()}


def points(firms: pl.DataFrame) -> dict[Cell, int]:
    """Return the sum of points of every cell, in truth."""
    table = tabulated(firms.with_columns(index=pl.sum_horizontal(COMPONENTS)), [])
    return {cell(key): total for *key, total in table.select(*KEY, "index").rows()}
