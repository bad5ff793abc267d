"""Score many enterprises at once: one table in, columns out, no work per enterprise that a column can do."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import polars as pl

from services.scoring.clients import FeatureTable
from services.scoring.domain.assessment import EXACT_TO
from services.scoring.domain.errors import FeaturesDoNotFit, ReasonsDoNotAddUp
from services.scoring.ml.scorer import ScoredMany, Scorer

# numpy lets go of the interpreter's lock: a second core halves the time of a large table.
THREADS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Scores:
    """A table's scores: `enough` and `thin` split its rows, `scored` follows the rows of `enough`."""

    enough: pl.DataFrame
    thin: pl.DataFrame
    scored: ScoredMany


def score_many(scorer: Scorer, book: FeatureTable) -> Scores:
    """Score every row with enough data, and check on each that its reasons add up to its score."""
    enough, thin = with_data(scorer, book)
    _, scored = score_rows(scorer, enough, threads=THREADS)
    return Scores(enough, thin, scored)


def with_data(scorer: Scorer, book: FeatureTable) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split a table in rows with enough data for a score and rows without; raise `FeaturesDoNotFit`."""
    missing = [name for name in scorer.features if name not in book.frame.columns]
    if missing:
        raise FeaturesDoNotFit(
            f"Model {scorer.version} needs features that the profile service no longer gives: "
            f"{', '.join(missing)}. Train and promote a new model.",
            missing=missing,
        )
    has_data = pl.any_horizontal(pl.col(*scorer.features).is_not_null())
    known = book.frame.select(has_data).to_series()
    # As a rule nobody lacks all data, and then nothing is copied.
    return (book.frame, book.frame.clear()) if known.all() else (book.frame.filter(known), book.frame.filter(~known))


def score_rows(scorer: Scorer, rows: pl.DataFrame, *, threads: int = 1) -> tuple[np.ndarray, ScoredMany]:
    """Return the values (rows, features) that the model read, and what it said, checked on every row."""
    values = rows.select(pl.col(*scorer.features).cast(pl.Float64)).to_numpy()
    scored = scorer.score_many(values, depths=rows["depth"].to_list(), threads=threads)
    _check(scored)
    return values, scored


def _check(scored: ScoredMany) -> None:
    gap = np.abs(scored.base_points + scored.points.sum(axis=1) - scored.score_exact)
    if not (gap <= EXACT_TO).all():
        raise ReasonsDoNotAddUp(
            f"The reasons of {int((~(gap <= EXACT_TO)).sum())} scores differ from them by up to {gap.max():.3g} "
            "points, so none of them is given or stored."
        )
