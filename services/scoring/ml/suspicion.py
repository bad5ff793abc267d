"""Columns of a table that should not be learned from without a look: what the outcome wrote, the calendar, twins.

A column is named where it alone ranks the outcomes almost perfectly or its values say them; where it holds calendar
dates or rises with them, since a model then learns the days of the past and not the firm; and where another column
already says it: as a monotone function, value by value, or in nearly the same order. Nothing is left out by itself:
whether a column was known when credit was asked for, only its owner can say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import polars as pl

from services.scoring.domain import metrics
from services.scoring.ml.encoding import Encoding, learn_encoding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Kind: TypeAlias = Literal["outcome", "calendar", "function", "twin"]

# One column that alone ranks the outcomes this well was probably written after them.
_TOO_GOOD = 0.975
# Knowing the value spares this share of the errors that one would make by always guessing the commoner outcome.
_SAYS_IT = 0.95
# Values that stand for so few rows each say anything by chance.
_ROWS_A_VALUE = 10
# A column whose rows beside the commonest value are fewer is a function of anything.
_LEAST_OTHERS = 10
_SAME_ORDER = 0.99
_WITH_CALENDAR = 0.95
_MOST_ROWS = 5_000  # pairs of columns are looked at on so many rows; what is exact on them is told
_MOST_COLUMNS = 200
_DATE_WORD = re.compile(r"date|day\b|time|year|month|(?<![a-z])fy(?![a-z])|日期|日$|时间|年|月份", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_WORDS: Mapping[Kind, tuple[str, str]] = {
    "outcome": (
        "仅凭「{column}」一列就几乎能判定结果（AUC {auc:.3f}）：若它在结果之后写入，请用 --drop 去掉。",
        "{column} alone tells the outcomes (AUC {auc:.3f}); leave it out with --drop if it was written after them.",
    ),
    "calendar": (
        "「{column}」像是日历时间{rises}：模型会学到过去的年份而非企业；请用 --drop 去掉，或用 "
        "--time {time} --cut 日期 按时间检验。",
        "{column} looks like a calendar date{rises}: a model would learn the years of the past and not the firm; leave "
        "it out with --drop, or judge by time with --time {time} --cut DAY.",
    ),
    "function": (
        "「{column}」由「{other}」决定：只需保留一列；若「{other}」是结果之后才知道的，两列都要去掉。",
        "{column} follows from {other}: one of them is enough, and if {other} is known only after the outcome, neither "
        "may stay.",
    ),
    "twin": (
        "「{column}」与「{other}」的排序几乎相同（秩相关 {correlation:.3f}）：只需保留一列；"
        "若一列不可用，另一列也不可用。",
        "{column} and {other} rank the rows alike (rank correlation {correlation:.3f}): one of them is enough, and if "
        "one may not be used, nor may the other.",
    ),
}


def suspects(
    frame: pl.DataFrame, defaulted: NDArray[np.bool_], catalogue: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Return what to look at before a figure is believed: column, kind, the figure behind it, and a sentence.

    With a catalogue only the outcome is looked for: what its features are to each other and to time is declared.
    """
    names = None if catalogue is None else [entry["name"] for entry in catalogue if entry.get("model", True)]
    encoding = learn_encoding(frame, names)
    rows = _exact(frame, encoding)
    columns = [column.source for column in encoding.columns]
    found = [_outcome(name, rows[:, place], defaulted) for place, name in enumerate(columns)]
    told = list({each["column"]: each for each in found if each}.values())
    if catalogue is not None:
        return told
    dates = [column.source for column in encoding.columns if column.kind == "date"]
    wide = [place for place, column in enumerate(encoding.columns) if column.kind != "level"][:_MOST_COLUMNS]
    some = rows[:: max(1, -(-len(rows) // _MOST_ROWS))][:, wide]
    names = [columns[place] for place in wide]
    return told + _calendar(names, some, dates) + _of_each_other(names, some)


def _exact(frame: pl.DataFrame, encoding: Encoding) -> Numbers:
    """Return what the learner sees, its plain numbers unrounded: as 32-bit floats 20080101 and 20080102 are one."""
    rows = encoding.rows(frame).astype(np.float64)
    for place, column in enumerate(encoding.columns):
        if column.kind == "number" and frame.schema[column.source].is_numeric():
            rows[:, place] = frame[column.source].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return rows


def _outcome(name: str, values: Numbers, defaulted: NDArray[np.bool_]) -> dict[str, Any] | None:
    # Being filled in at all can give the outcome away, as with the date of a write-off.
    scores = [metrics.auc(defaulted, np.isnan(values).astype(np.float64))]
    present = ~np.isnan(values)
    if present.any() and len(set(defaulted[present])) == 2:
        scores.append(metrics.auc(defaulted[present], values[present]))
    alone = max(max(score, 1 - score) for score in scores)
    if alone >= _TOO_GOOD:
        return _suspect("outcome", name, auc=alone)
    by_value = _auc_by_value(values, defaulted)
    return None if by_value is None else _suspect("outcome", name, auc=by_value)


def _auc_by_value(values: Numbers, defaulted: NDArray[np.bool_]) -> float | None:
    """Return how well the default rate of each value ranks the rows, where the values say the outcome; else None."""
    levels, place = np.unique(values, return_inverse=True)
    if len(levels) * _ROWS_A_VALUE > len(values):
        return None
    rows, bad = np.bincount(place), np.bincount(place, weights=defaulted)
    rarer = min(defaulted.sum(), (~defaulted).sum())
    if np.minimum(bad, rows - bad).sum() > (1 - _SAYS_IT) * rarer:
        return None
    return metrics.auc(defaulted, (bad / rows)[place])


def _calendar(names: Sequence[str], rows: Numbers, dates: Sequence[str]) -> list[dict[str, Any]]:
    """Return the columns that are dates, and those that rise or fall with one of them."""
    days = [place for place, name in enumerate(names) if name in dates or _dated(name, rows[:, place])]
    found = [_suspect("calendar", names[place], rises=("", ""), time=names[place]) for place in days]
    for place in set(range(len(names))) - set(days):
        for day in days:
            correlation = _rank_correlation(rows[:, place], rows[:, day])
            if abs(correlation) >= _WITH_CALENDAR:
                rises = (f"（与「{names[day]}」同升降）", f" (it moves with {names[day]})")
                found.append(
                    _suspect(
                        "calendar",
                        names[place],
                        other=names[day],
                        correlation=correlation,
                        rises=rises,
                        time=names[day],
                    )
                )
                break
    return found


def _dated(name: str, values: Numbers) -> bool:
    """Tell of numbers whether they are written days (20200131), months (202001), years, or counted days or seconds."""
    known = values[~np.isnan(values)]
    if len(np.unique(known)) < 3 or (known != np.floor(known)).any():
        return False
    hundreds, rest = known // 100 % 100, known % 100
    if (_within(known, 19_000_101, 21_001_231) & _within(hundreds, 1, 12) & _within(rest, 1, 31)).all():
        return True
    if (_within(known, 190_001, 210_012) & _within(rest, 1, 12)).all():
        return True
    if not _DATE_WORD.search(_CAMEL.sub(" ", name)):
        return False
    # Years; days since 1900, 1960 or 1970; seconds or milliseconds since 1970.
    usual = ((1_900, 2_100), (5_000, 60_000), (3e8, 5e9), (3e11, 5e12))
    return any(bool(_within(known, low, high).all()) for low, high in usual)


def _within(values: Numbers, low: float, high: float) -> NDArray[np.bool_]:
    return (values >= low) & (values <= high)


def _of_each_other(names: Sequence[str], rows: Numbers) -> list[dict[str, Any]]:
    """Return the columns that another one already says, each once, by the first that does."""
    filled = np.where(np.isnan(rows), -np.inf, rows)  # not to be known is a value like any
    varied = [place for place in range(len(names)) if _varies(filled[:, place])]
    follows = {place: _following(filled, place, varied) for place in varied}
    found: list[dict[str, Any]] = []
    told: set[int] = set()
    for first in varied:
        for other in follows[first] - told - {first}:
            # Of two that say the same, the later in the table is named.
            if first in told and first in follows[other]:
                continue
            told.add(other)
            found.append(_suspect("function", names[other], other=names[first]))
    for at, first in enumerate(varied):
        for other in varied[at + 1 :]:
            correlation = 0.0 if other in told else _rank_correlation(rows[:, first], rows[:, other])
            if abs(correlation) >= _SAME_ORDER and first not in follows[other]:
                told.add(other)
                found.append(_suspect("twin", names[other], other=names[first], correlation=correlation))
    return found


def _varies(values: Numbers) -> bool:
    _, counts = np.unique(values, return_counts=True)
    return len(counts) > 1 and len(values) - int(counts.max()) >= _LEAST_OTHERS


def _following(filled: Numbers, place: int, varied: Sequence[int]) -> set[int]:
    """Return the columns that are a function of one column: a monotone one, or any where its values are few."""
    order = np.argsort(filled[:, place], kind="stable")
    along = filled[order, place]
    starts = np.flatnonzero(np.append(True, along[1:] != along[:-1]))
    few = len(starts) * _ROWS_A_VALUE <= len(along)
    others = [other for other in varied if other != place]
    ordered = filled[order][:, others]
    low, high = np.minimum.reduceat(ordered, starts), np.maximum.reduceat(ordered, starts)
    single = (low == high).all(axis=0)
    upward = (low[1:] >= low[:-1]).all(axis=0) | (low[1:] <= low[:-1]).all(axis=0)
    return {other for other, is_function in zip(others, single & (upward | few), strict=True) if is_function}


def _rank_correlation(first: Numbers, second: Numbers) -> float:
    """Return Spearman's coefficient over the rows where both are known; 0 where they are too few."""
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.sum() < 2 * _LEAST_OTHERS or not (_varies(first[both]) and _varies(second[both])):
        return 0.0
    return float(np.corrcoef(metrics.ranks(first[both]), metrics.ranks(second[both]))[0, 1])


def _suspect(
    kind: Kind, column: str, *, rises: tuple[str, str] = ("", ""), time: str = "", **figures: Any
) -> dict[str, Any]:
    zh, en = (
        words.format(column=column, rises=rise, time=time, **figures)
        for words, rise in zip(_WORDS[kind], rises, strict=True)
    )
    return {"column": column, "kind": kind, **figures, "sentence": {"zh": zh, "en": en}}
