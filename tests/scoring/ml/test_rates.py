"""A word is told by its default rate, and no row by its own outcome."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from services.scoring.domain import metrics
from services.scoring.ml import rates
from services.scoring.ml.encoding import Encoding, learn_encoding
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.learner import learn

TOWNS = 40


def loans(rows=1_200, seed=0):
    """Loans of forty towns, a third of which fail far more often; the order of towns says nothing."""
    random = np.random.default_rng(seed)
    town = random.integers(0, TOWNS, rows)
    risky = random.permutation(TOWNS)[:13]
    defaulted = random.uniform(size=rows) < np.where(np.isin(town, risky), 0.6, 0.1)
    frame = pl.DataFrame({"town": [f"t{each:02d}" for each in town], "amount": random.normal(size=rows)})
    return frame, defaulted


def coded(frame):
    encoding = rates.with_codes(learn_encoding(frame, None))
    return encoding, encoding.rows(frame), rates.places_of(encoding)


def test_a_word_has_the_rate_of_its_rows_drawn_to_the_table_s():
    """Ten rows of the whole table's rate are added to a word's own."""
    frame, defaulted = loans()
    encoding, rows, places = coded(frame)
    served = rates.with_rates(encoding, places, rates.learned_rates(rows, defaulted, places))
    column = served.columns[places[0]]
    own = defaulted[(frame["town"] == "t07").to_numpy()]
    assert column.frequencies["t07"] == pytest.approx((own.sum() + 10 * defaulted.mean()) / (len(own) + 10))
    assert column.default == pytest.approx(defaulted.mean())


def test_a_rare_word_is_nearly_as_the_table_and_a_strange_one_is_the_table():
    """One row that failed says little of its town; nothing said of it is missing, and stays so."""
    frame, defaulted = loans()
    defaulted[0] = True
    rare = frame.with_columns(town=pl.when(pl.int_range(pl.len()) < 1).then(pl.lit("rare")).otherwise("town"))
    encoding, rows, places = coded(rare)
    served = rates.with_rates(encoding, places, rates.learned_rates(rows, defaulted, places))
    told = served.rows(pl.DataFrame({"town": ["rare", "never seen", None], "amount": [0.0, 0.0, 0.0]}))[:, places[0]]
    mean = defaulted.mean()
    np.testing.assert_allclose(told, [(1 + 10 * mean) / 11, mean, np.nan], rtol=1e-6)


def test_no_row_hears_its_own_outcome():
    """With its outcome turned round, a row is told the very same rate, whichever row it is."""
    frame, defaulted = loans()
    _, rows, places = coded(frame)
    for row in range(0, 1_200, 400):
        told = rates.told_by_others(rows, defaulted, places, seed=3)
        other = defaulted.copy()
        # A row of the same fold and of the other class keeps the folds as they are.
        other[row] = not other[row]
        fold = next(own for _, own in stratified_folds(defaulted, 10, 3) if row in own)
        others = np.setdiff1d(np.arange(len(rows)), fold)
        again = rates.told(rows[fold], places, rates.learned_rates(rows[others], other[others], places))
        np.testing.assert_array_equal(told[fold], again)


def test_rates_of_words_that_say_nothing_rank_nothing():
    """Told by their own rows, four hundred words would seem to tell half of all defaults."""
    random = np.random.default_rng(1)
    frame = pl.DataFrame({"town": [f"t{each}" for each in random.integers(0, 100, 1_500)], "amount": range(1_500)})
    defaulted = random.uniform(size=1_500) < 0.3
    _, rows, places = coded(frame)
    others = rates.told_by_others(rows, defaulted, places, seed=0)[:, places[0]]
    own = rates.told(rows, places, rates.learned_rates(rows, defaulted, places))[:, places[0]]
    assert metrics.auc(defaulted, own.astype(float)) > 0.6
    assert metrics.auc(defaulted, others.astype(float)) < 0.53


def test_a_large_table_is_learned_with_rates_and_serves_them_from_its_file():
    """Its towns rank later loans nearly as well as their true risks could; written and read back it says the same."""
    frame, defaulted = loans()
    later, outcome = frame[1_000:], defaulted[1_000:]
    learned = learn(frame[:1_000], defaulted[:1_000])
    assert "town (rate)" in [column.name for column in learned.encoding.columns]
    assert metrics.auc(outcome, learned.pd(later)) > 0.7
    again = Encoding.from_json(learned.encoding.as_json())
    np.testing.assert_array_equal(again.rows(later), learned.encoding.rows(later))


def test_a_small_table_has_no_rates():
    """A hundred rows cannot tell the rates of forty towns."""
    frame, defaulted = loans(400)
    learned = learn(frame, defaulted)
    assert not rates.places_of(learned.encoding)
