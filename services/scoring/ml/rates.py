"""What a column of many words tells of the outcome: the default rate of each word, drawn to that of the whole table.

A row must not hear its own outcome: among the rows that are learned from, each is told the rates of the other folds,
as a later row is told those of all. This is the leave-out form of Micci-Barreca's encoding (2001).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from services.scoring.ml.encoding import Column, Encoding
from services.scoring.ml.folds import stratified_folds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.float32]
    Outcomes = NDArray[np.bool_]

_FOLDS = 10
# A word's rate counts the whole table's as so many rows of its own.
_PRIOR_ROWS = 10.0
_UNSEEN = -1.0


def with_codes(encoding: Encoding) -> Encoding:
    """Return an encoding that tells each word's number beside its frequency, where its rate will stand."""
    columns: list[Column] = []
    for column in encoding.columns:
        columns.append(column)
        if column.kind == "frequency":
            numbers = {word: float(number) for number, word in enumerate(column.frequencies)}
            columns.append(Column(column.source, "rate", frequencies=numbers, default=_UNSEEN))
    return Encoding(tuple(columns), encoding.ignored)


def places_of(encoding: Encoding) -> list[int]:
    """Return which columns are of rates."""
    return [place for place, column in enumerate(encoding.columns) if column.kind == "rate"]


def learned_rates(rows: Rows, defaulted: Outcomes, places: Sequence[int]) -> list[dict[float, float]]:
    """Return for each place the rate by the word's number; that of a word never seen is the table's."""
    mean = float(defaulted.mean())
    found = []
    for place in places:
        known = ~np.isnan(rows[:, place])
        words, which = np.unique(rows[known, place], return_inverse=True)
        counts, bad = np.bincount(which), np.bincount(which, weights=defaulted[known])
        rates = (bad + _PRIOR_ROWS * mean) / (counts + _PRIOR_ROWS)
        found.append({_UNSEEN: mean, **dict(zip(words.tolist(), rates.tolist(), strict=True))})
    return found


def told(rows: Rows, places: Sequence[int], rates: Sequence[dict[float, float]]) -> Rows:
    """Return rows with the rates of their words in place of the numbers; what is missing stays so."""
    shown = rows.copy()
    for place, of_word in zip(places, rates, strict=True):
        words, which = np.unique(rows[:, place], return_inverse=True)
        values = [np.nan if np.isnan(word) else of_word.get(float(word), of_word[_UNSEEN]) for word in words]
        shown[:, place] = np.array(values, dtype=np.float32)[which]
    return shown


def told_by_others(rows: Rows, defaulted: Outcomes, places: Sequence[int], seed: int) -> Rows:
    """Return training rows, each with the rates that the rows of the other folds have."""
    shown = rows.copy()
    if places:
        for others, own in stratified_folds(defaulted, _FOLDS, seed):
            shown[own] = told(rows[own], places, learned_rates(rows[others], defaulted[others], places))
    return shown


def with_rates(encoding: Encoding, places: Sequence[int], rates: Sequence[dict[float, float]]) -> Encoding:
    """Return the encoding that serves: every word with its rate, one never seen with the table's."""
    columns = list(encoding.columns)
    for place, of_word in zip(places, rates, strict=True):
        numbers = columns[place].frequencies
        named = {word: of_word[number] for word, number in numbers.items() if number in of_word}
        columns[place] = replace(columns[place], frequencies=named, default=of_word[_UNSEEN])
    return Encoding(tuple(columns), encoding.ignored)
