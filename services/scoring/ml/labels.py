"""Reading the outcome column of a table: who defaulted, said in any of the usual ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from services.scoring.domain.errors import TrainingDataUnusable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BAD = frozenset({"1", "1.0", "true", "yes", "y", "是", "违约", "default", "defaulted", "bad", "chgoff"})
_GOOD = frozenset({"0", "0.0", "false", "no", "n", "否", "正常", "未违约", "paid", "good", "p i f", "pif"})
# Fewer leave nothing to cross-validate with; a model of less would be an opinion.
_LEAST_ROWS = 20
_LEAST_OF_A_CLASS = 5


def labelled(frame: pl.DataFrame, label: str, *, least: bool = True) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """Return the rows with an outcome, without the label column, and whether each defaulted.

    Raises `TrainingDataUnusable` when the column is absent, holds other values than a default's usual names, or when
    fewer than 20 rows or 5 of either class remain (`least=False` takes any number).
    """
    if label not in frame.columns:
        raise TrainingDataUnusable(
            f"there is no column {label!r}; the columns are {', '.join(frame.columns[:40])}", label=label
        )
    known = frame.filter(_is_known(frame[label]))
    words = known[label].cast(pl.String).str.strip_chars().str.to_lowercase()
    strange = sorted(set(words.unique()) - _BAD - _GOOD)
    if strange:
        raise TrainingDataUnusable(
            f"the label {label!r} must say who defaulted (1/0, true/false, 是/否, CHGOFF/P I F); found {strange[:5]}",
            label=label,
        )
    defaulted = words.is_in(sorted(_BAD)).to_numpy().astype(np.bool_)
    if least:
        enough(defaulted)
    return known.drop(label), defaulted


def enough(defaulted: NDArray[np.bool_]) -> None:
    """Refuse to learn from fewer than 20 rows, or fewer than 5 of either class."""
    bad, rows = int(defaulted.sum()), len(defaulted)
    if rows < _LEAST_ROWS or min(bad, rows - bad) < _LEAST_OF_A_CLASS:
        raise TrainingDataUnusable(
            f"{rows} labelled rows with {bad} defaults are too few: at least {_LEAST_ROWS} rows and "
            f"{_LEAST_OF_A_CLASS} of each class are needed. Import more outcomes; of a book only those firms count "
            "that consent to model-training",
            rows=rows,
            defaults=bad,
        )


def _is_known(values: pl.Series) -> pl.Series:
    known = values.is_not_null()
    if values.dtype == pl.String:
        return known & (values.str.strip_chars() != "")
    return known & values.is_not_nan() if values.dtype.is_float() else known
