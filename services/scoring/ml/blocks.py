"""Weighing optional blocks of figures: learned with and without each in the same folds, on training rows alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from services.scoring.domain.block import Offered, unknown, weighed
from services.scoring.domain.scale import floored
from services.scoring.ml.evaluate import MEASURES, splits
from services.scoring.ml.folds import feasible
from services.scoring.ml.learner import learn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from services.scoring.ml.evaluate import Chooser

    Entries: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a training learns from in the end: the catalogue's entries and those of kept blocks, by block; the card's
    word of each block that was asked for. `choose` is how a fold chooses for itself, None where no block is kept.
    """

    entries: Entries
    kept: Mapping[str, list[str]]
    card: Mapping[str, Any]
    choose: Chooser | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a training chooses from: a catalogue's features and blocks beside them, each tried by itself.

    It is made from the rows at hand alone, so that held-out figures are those of folds that chose for themselves.
    """

    own: Entries
    blocks: Mapping[str, Entries]
    folds: int
    repeats: int
    seed: int

    def made(self, rows: pl.DataFrame, defaulted: NDArray[np.bool_]) -> Weighed:
        """Return which blocks are learned from; every choice of the learner is made anew inside each fold."""
        return self._made(rows, defaulted, self.repeats, threads=2)

    def inside(self, rows: pl.DataFrame, defaulted: NDArray[np.bool_]) -> Entries:
        """Return what the rows of one fold would be learned from: by one repeat, since every fold asks."""
        return self._made(rows, defaulted, 1, threads=1).entries

    def _made(self, rows: pl.DataFrame, defaulted: NDArray[np.bool_], repeats: int, *, threads: int) -> Weighed:
        folds = feasible(self.folds, defaulted)
        plan = splits(defaulted, folds, repeats, self.seed)
        card: dict[str, Any] = {}
        without: dict[str, NDArray[np.float64]] | None = None
        for name, block in self.blocks.items():
            offered = _offered(name, block, rows)
            if not offered.known:
                card[name] = unknown(offered)
                continue
            without = without or _by_fold(rows, defaulted, self.own, plan, self.seed, threads)
            beside = _by_fold(rows, defaulted, [*self.own, *block], plan, self.seed, threads)
            card[name] = weighed(offered, without, beside, 1 / folds)
        kept = {name: self.blocks[name] for name in card if card[name]["kept"]}
        added = [entry for block in kept.values() for entry in block]
        named = {name: [each["name"] for each in block] for name, block in kept.items()}
        return Weighed([*self.own, *added], named, card, self.inside if kept else None)


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
