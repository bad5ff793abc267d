"""Score many enterprises at once: one table in, columns out, no work per enterprise that a column can do."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import polars as pl

from services.scoring.clients import FeatureTable
from services.scoring.domain.assessment import EXACT_TO
from services.scoring.domain.counting import Counts
from services.scoring.domain.errors import FeaturesDoNotFit, ReasonsDoNotAddUp
from services.scoring.ml.deciding import DecidedMany, decide_many
from services.scoring.ml.scorer import ScoredMany, Scorer

# numpy lets go of the interpreter's lock: a second core halves the time of a large table.
THREADS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Scores:
    """A table's scores: `enough` and `thin` split its rows, `decided` follows the rows of `enough`."""

    enough: pl.DataFrame
    thin: pl.DataFrame
    decided: DecidedMany


def score_many(scorer: Scorer, book: FeatureTable, counts: Counts) -> Scores:
    """Score every row with enough data, and check on each that its reasons add up to its score."""
    enough, thin = with_data(scorer, book)
    decided = score_rows(scorer, enough, book.confirmed(scorer.features), counts, threads=THREADS)
    return Scores(enough, thin, decided)


def with_data(scorer: Scorer, book: FeatureTable) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split a table in rows with enough data for a score and rows without; raise `FeaturesDoNotFit`."""
    missing = [name for name in scorer.features if name not in book.frame.columns]
    if missing:
        raise FeaturesDoNotFit(
            f"Model {scorer.version} needs features that the profile service no longer gives: "
            f"{', '.join(missing)}. Train and promote a new model.",
            missing=missing,
        )
    rows = book.rows
    known = rows.select(_any_known(scorer)).to_series()
    # As a rule nobody lacks all data, and then nothing is copied.
    return (rows, rows.clear()) if known.all() else (rows.filter(known), rows.filter(~known))


def unconfirmed(scorer: Scorer, rows: pl.DataFrame, confirmed: pl.DataFrame) -> pl.DataFrame:
    """Return those of the rows of which nothing is confirmed that the model looks at."""
    nothing = confirmed.filter(~_any_known(scorer))
    return rows.filter(pl.col("enterprise").is_in(nothing["enterprise"].to_list())) if nothing.height else rows.clear()


def score_rows(
    scorer: Scorer, rows: pl.DataFrame, confirmed: pl.DataFrame, counts: Counts, *, threads: int = 1
) -> DecidedMany:
    """Return what the model says of rows and which values it read, the sums checked on every row."""
    decided = decide_many(scorer, rows, confirmed, counts, threads=threads)
    _check(decided.scored)
    return decided


def _any_known(scorer: Scorer) -> pl.Expr:
    return pl.any_horizontal(pl.col(*scorer.features).is_not_null())


def _check(scored: ScoredMany) -> None:
    gap = np.abs(scored.base_points + scored.points.sum(axis=1) - scored.score_exact)
    if not (gap <= EXACT_TO).all():
        raise ReasonsDoNotAddUp(
            f"The reasons of {int((~(gap <= EXACT_TO)).sum())} scores differ from them by up to {gap.max():.3g} "
            "points, so none of them is given or stored."
        )
