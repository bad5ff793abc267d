"""Evaluation: honest, repeatable, in the shape of the public contract."""

from __future__ import annotations

from datetime import time, timedelta

import numpy as np
import polars as pl
import pytest

from services.scoring.domain.errors import FeaturesDoNotFit, TrainingDataUnusable
from services.scoring.ml.encoding import learn_encoding
from services.scoring.ml.evaluate import evaluate
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.labels import labelled

FIGURES = {"auc", "ks", "brier", "ece"}


@pytest.fixture(scope="module")
def report(book, catalogue):
    seen = []
    found = evaluate(
        book,
        "defaulted",
        catalogue["features"],
        folds=2,
        repeats=2,
        holdout=book.head(40),
        progress=lambda done, total: seen.append((done, total)),
    )
    return found, seen


def test_the_report_has_the_shape_of_the_contract(report, book):
    """Model, challenger and holdout each have AUC with its interval, KS, Brier and ECE."""
    found, _ = report
    assert (found["firms"], found["defaults"]) == (90, book["defaulted"].sum())
    for part in (found, found["challenger"], found["holdout"], found["holdout"]["challenger"]):
        assert part.keys() >= FIGURES
        low, high = part["auc"]["ci95"]
        assert 0 <= low <= part["auc"]["mean"] <= high <= 1


def test_progress_counts_every_training(report):
    """One step for each fold of each repeat."""
    _, seen = report
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_threads_change_nothing(report, book, catalogue):
    """The same seed gives the same figures on one core and on two."""
    found, _ = report
    alone = evaluate(book, "defaulted", catalogue["features"], folds=2, repeats=2, threads=1)
    assert {key: found[key] for key in alone} == alone


def test_noise_is_not_mistaken_for_skill(catalogue, book):
    """Shuffled outcomes rank at about one half: nothing leaks from held-out rows into a training."""
    shuffled = book.with_columns(defaulted=book["defaulted"].shuffle(seed=4))
    found = evaluate(shuffled, "defaulted", catalogue["features"], folds=3, repeats=2)
    assert 0.25 < found["auc"]["mean"] < 0.75


def test_columns_outside_the_catalogue_s_model_features_are_never_looked_at(book, catalogue, report):
    """A rating that gives every outcome away changes nothing, because the catalogue does not offer it."""
    leaking = book.with_columns(rating=pl.col("defaulted").cast(pl.Float64))
    found = evaluate(leaking, "defaulted", catalogue["features"], folds=2, repeats=2)
    assert found["auc"] == report[0]["auc"]


def test_a_column_written_after_the_outcome_is_suspected(book):
    """A write-off date that only defaulters have is named."""
    leaking = book.with_columns(written_off=pl.when("defaulted").then(pl.lit(1.0) + pl.col("season")))
    found = evaluate(leaking.drop("enterprise"), "defaulted", folds=2, repeats=1)
    assert [suspect["column"] for suspect in found["suspects"]] == ["written_off"]


def test_a_holdout_of_one_class_is_refused(book, catalogue):
    """There is nothing to rank."""
    with pytest.raises(FeaturesDoNotFit, match="at least one default"):
        evaluate(
            book,
            "defaulted",
            catalogue["features"],
            folds=2,
            repeats=1,
            holdout=book.filter(~pl.col("defaulted")),
        )


@pytest.mark.parametrize(
    ("values", "defaults", "known"),
    [
        ([1, 0] * 20, 20, 40),
        ([True, False, False, False] * 10, 10, 40),
        (["CHGOFF", "P I F", "P I F", None] * 10, 10, 30),
        (["是", "否 ", "", "否"] * 10, 10, 30),
        ([1.0, 0.0, float("nan"), 0.0] * 10, 10, 30),
    ],
)
def test_a_default_is_recognised_in_its_usual_words(values, defaults, known):
    """Numbers, truth values, SBA's words and Chinese; rows without an outcome are left out."""
    rows, defaulted = labelled(pl.DataFrame({"label": values, "x": range(40)}), "label")
    assert defaulted.sum() == defaults
    assert len(rows) == len(defaulted) == known


def test_an_unknown_word_for_an_outcome_is_refused():
    """Guessing which of two words means default could turn a model upside down."""
    with pytest.raises(TrainingDataUnusable, match="late"):
        labelled(pl.DataFrame({"label": ["late", "paid"] * 20}), "label")


def test_folds_hold_out_every_row_once_with_its_share_of_defaults():
    """Whatever the sizes: no row twice, none forgotten, defaults spread evenly."""
    defaulted = np.arange(83) < 18
    held_out = [outside for _, outside in stratified_folds(defaulted, 5, seed=1)]
    assert sorted(np.concatenate(held_out)) == list(range(83))
    assert {int(defaulted[outside].sum()) for outside in held_out} <= {3, 4}
    assert {len(outside) for outside in held_out} <= {16, 17}


def test_levels_and_frequencies_come_from_training_rows_alone():
    """A word that training never saw is no known level, and as rare as can be."""
    seen = pl.DataFrame({"kind": ["a", "b"] * 20, "town": [f"t{number % 15}" for number in range(40)]})
    encoding = learn_encoding(seen, None)
    assert [column.name for column in encoding.columns] == ["kind=a", "kind=b", "town"]
    rows = encoding.rows(pl.DataFrame({"kind": ["c", None], "town": ["elsewhere", None]}))
    np.testing.assert_array_equal(rows, [[0, 0, 0], [np.nan, np.nan, np.nan]])


def test_what_parquet_may_hold_besides_is_left_out_in_words():
    """No evaluation breaks off by a column of times, spans, bytes, lists or records."""
    odd = {
        "time": [time(hour % 3) for hour in range(40)],
        "span": [timedelta(days=day % 5) for day in range(40)],
        "bytes": [bytes([byte % 3, 200]) for byte in range(40)],
        "list": [[each % 3] for each in range(40)],
        "record": [{"a": each % 3} for each in range(40)],
    }
    encoding = learn_encoding(pl.DataFrame({"kind": ["a", "b"] * 20, **odd}), None)
    assert encoding.ignored == dict.fromkeys(odd, "holds neither numbers nor words nor days")


def test_a_column_may_be_named_as_the_level_of_another():
    encoding = learn_encoding(frame := pl.DataFrame({"kind": ["a", "b"] * 20, "kind=a": range(40)}), None)
    np.testing.assert_array_equal(encoding.rows(frame)[:2], [[1, 0, 0], [0, 1, 1]])


def test_a_frequent_word_of_a_column_of_many_is_told_apart():
    """One that twenty rows have gets a yes-or-no column beside the frequency of all; nineteen rows say too little."""
    words = [*["often"] * 20, *["seldom"] * 19, *(f"t{number % 30}" for number in range(61))]
    encoding = learn_encoding(pl.DataFrame({"town": words}), None)
    assert [column.name for column in encoding.columns] == ["town", "town=often"]
