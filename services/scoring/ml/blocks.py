"""Weighing optional blocks of figures: learned with and without each in the same folds, on training rows alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.scoring.domain.block import Offered, unknown, weighed
from services.scoring.domain.scale import floored
from services.scoring.ml.evaluate import MEASURES, splits
from services.scoring.ml.learner import learn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Entries: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a training learns from in the end: the catalogue's entries and those of kept blocks, by block; the card's
    word of each block that was asked for.
    """

    entries: Entries
    kept: Mapping[str, list[str]]
    card: Mapping[str, Any]


def weigh(  # noqa: PLR0913 -- the rows, what is offered beside what, and how it is folded
    rows: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    own: Entries,
    blocks: Mapping[str, Entries],
    *,
    folds: int,
    repeats: int,
    seed: int,
    threads: int = 2,
) -> Weighed:
    """Return which of some blocks of figures are learned from beside a catalogue's features, each tried by itself.

    The choice sees no row but these; every choice of the learner is made anew inside each fold.
    """
    plan = splits(defaulted, folds, repeats, seed)
    card: dict[str, Any] = {}
    without: dict[str, NDArray[np.float64]] | None = None
    for name, block in blocks.items():
        offered = _offered(name, block, rows)
        if not offered.known:
            card[name] = unknown(offered)
            continue
        without = without or _by_fold(rows, defaulted, own, plan, seed, threads)
        beside = _by_fold(rows, defaulted, [*own, *block], plan, seed, threads)
        card[name] = weighed(offered, without, beside, 1 / folds)
    kept = {name: blocks[name] for name in card if card[name]["kept"]}
    added = [entry for block in kept.values() for entry in block]
    return Weighed([*own, *added], {name: [each["name"] for each in block] for name, block in kept.items()}, card)


def _offered(name: str, block: Entries, rows: pl.DataFrame) -> Offered:
    names = tuple(each["name"] for each in block)
    if not set(names) <= set(rows.columns):
        return Offered(name, names, 0, rows.height)
    known = rows.select(pl.any_horizontal(pl.col(names).is_not_null()).sum()).item()
    return Offered(name, names, int(known), rows.height)


def _by_fold(
    rows: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    entries: Entries,
    plan: Sequence[tuple[int, NDArray[np.int64], NDArray[np.int64]]],
    seed: int,
    threads: int,
) -> dict[str, NDArray[np.float64]]:
    """Return each measure of the held-out rows of every fold: (folds * repeats,)."""

    def held_out(split: tuple[int, NDArray[np.int64], NDArray[np.int64]]) -> dict[str, float]:
        _, inside, outside = split
        pd = floored(learn(rows[inside], defaulted[inside], entries, seed=seed).pd(rows[outside]))
        return {name: of(defaulted[outside], pd) for name, of in MEASURES.items()}

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(held_out, plan))
    return {name: np.array([fold[name] for fold in found]) for name in MEASURES}
