"""The reference enterprises: whom a firm is compared with when its score is explained.

Each is the middle firm graded A in an industry group: for each feature the middle of the training firms of the group
that paid and whose held-out grade is A or better. Where fewer than ten are, the next grades are taken in, and the title
says so; a group where fewer than ten firms paid has none of its own, and is compared with that of the whole book.
Each of its values is the mean of the middle half of the firms, rounded: it names nobody (a medoid would print one
firm's books into every other firm's reasons, a median some firm's single figure) and is stable when a firm joins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.scoring.domain import disclosure
from services.scoring.domain.scale import MASTER_SCALE, grades_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WANTED_GRADE = "A"
# The middle of fewer is one firm's luck, and nearly its books.
LEAST_FIRMS = disclosure.LEAST_FIRMS


@dataclass(frozen=True, slots=True)
class Group:
    """The firms that make one reference: their positions, the lowest grade among those asked for, and the group."""

    industry: str | None
    grade: str
    firms: NDArray[np.int64]

    @property
    def title(self) -> dict[str, str]:
        """Who the reference is, and whether it had to be widened."""
        count, widened = len(self.firms), self.grade != WANTED_GRADE
        zh_group = "全部行业" if self.industry is None else f"{self.industry} 门类行业"
        zh_wide = f"，评级 {WANTED_GRADE} 及以上的不足 {LEAST_FIRMS} 家，已放宽" if widened else ""
        en_group = "all industries" if self.industry is None else f"industry section {self.industry}"
        en_wide = f"; fewer than {LEAST_FIRMS} are graded {WANTED_GRADE}, so the grade is widened" if widened else ""
        return {
            "zh": f"{zh_group}评级 {self.grade} 及以上企业的居中水平（{count} 家{zh_wide}）",
            "en": f"middle of the {count} firms graded {self.grade} or better, {en_group}{en_wide}",
        }


def section(industry: str | None) -> str | None:
    """Return the section letter of an industry code (GB/T 4754), the code itself where it has none; None if unknown."""
    known = (industry or "").strip().upper()
    return (known[0] if known[0].isalpha() else known) if known else None


def groups(defaulted: NDArray[np.bool_], points: NDArray[np.float64], industries: Sequence[str | None]) -> list[Group]:
    """Return the references of a training book, the whole book's first; `points` are held out, `industries` codes."""
    sections = [section(industry) for industry in industries]
    found = [_group(None, np.flatnonzero(~defaulted), points)]
    for name in sorted({name for name in sections if name is not None}):
        paid = np.flatnonzero(~defaulted & np.array([own == name for own in sections]))
        if len(paid) >= LEAST_FIRMS:
            found.append(_group(name, paid, points))
    return found


def _group(industry: str | None, paid: NDArray[np.int64], points: NDArray[np.float64]) -> Group:
    """Return the best-graded of the firms that paid, going down from the wanted grade until enough of them are in."""
    names = [step.name for step in MASTER_SCALE]
    place_of = np.array([names.index(grade) for grade in grades_of(points[paid])])
    places = range(names.index(WANTED_GRADE), len(names))
    enough = min(LEAST_FIRMS, len(paid))
    reached = next(place for place in places if (place_of <= place).sum() >= enough)
    return Group(industry, names[reached], paid[place_of <= reached])


def typical(frame: pl.DataFrame, names: Sequence[str], book: pl.DataFrame) -> dict[str, Any]:
    """Return for each column the mean of its middle half, with three digits, or the most frequent word.

    Where fewer than ten firms of the frame tell a value, those of the whole book are asked; None where these are fewer.
    """
    return {name: _typical(_told(frame[name], book[name])) for name in names}


def _told(*columns: pl.Series) -> pl.Series | None:
    """Return the known values of the first of the columns that ten firms or more tell."""
    for column in columns:
        values = column.drop_nans().drop_nulls() if column.dtype.is_float() else column.drop_nulls()
        if len(values) >= LEAST_FIRMS:
            return values
    return None


def _typical(values: pl.Series | None) -> Any:
    if values is None:
        return None
    if values.dtype.is_numeric():
        return _middle(values.cast(pl.Float64).to_numpy())
    if values.dtype == pl.Boolean:
        return float(values.mean() >= 0.5)  # type: ignore[operator]
    common = values.cast(pl.String).value_counts(sort=False).sort("count", values.name, descending=[True, False])
    return common[values.name][0]


def _middle(values: NDArray[np.float64]) -> float:
    """Return the mean of the middle half, with three digits; a whole number where all are."""
    ordered = np.sort(values)
    cut = len(ordered) // 4
    mean = float(ordered[cut : len(ordered) - cut].mean())
    whole = bool((ordered == np.floor(ordered)).all())
    return disclosure.coarse(round(mean) if whole else mean)
