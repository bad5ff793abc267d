"""A block of figures is kept where held-out firms show that it pays, and the card tells either way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from services.scoring.domain.block import Offered, unknown, weighed
from services.scoring.ml import plan
from services.scoring.ml.blocks import Choice
from services.scoring.ml.evaluate import evaluate
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.train import train
from tests.scoring.ml.conftest import book_of, entry

BLOCK = [entry("managers", 1) | {"family": "offices"}, entry("owners", -1) | {"family": "backing"}]
FOLDS = {"folds": 3, "repeats": 2, "seed": 0}


def with_ties(book, managers):
    random = np.random.default_rng(7)
    owners = random.uniform(size=book.height)
    return book.with_columns(managers=pl.Series(managers, dtype=pl.Float64), owners=pl.Series(owners))


@pytest.fixture(scope="module", autouse=True)
def small_plan():
    """Few small forests, judged once: these tests ask what is kept, not how good it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BOOK", replace(plan.BOOK, repeats=1, stretched=2, tried=2, folds=3, scorecards=(0.0,)))
        yield


@pytest.fixture(scope="module")
def telling():
    """A book whose defaults are told by ties, and by nothing else."""
    book = book_of(90, seed=2)
    return with_ties(book, np.where(book["defaulted"].shuffle(1), 4.0, 1.0)).with_columns(
        defaulted=pl.col("managers") > 2
    )


def test_a_block_that_pays_is_kept_and_one_of_noise_is_not(telling, catalogue):
    own = [each for each in catalogue["features"] if each["model"]]
    rows, defaulted = telling.drop("defaulted"), telling["defaulted"].to_numpy()
    noise = [entry("chance", 1)]
    chance = rows.with_columns(chance=pl.Series(np.random.default_rng(3).uniform(size=rows.height)))
    found = Choice(own, {"graph": BLOCK}, **FOLDS).made(chance, defaulted)
    assert (found.card["graph"]["kept"], found.kept) == (True, {"graph": ["managers", "owners"]})
    assert found.card["graph"]["tests"]["auc"]["ci95"][0] > 0
    assert "kept" in found.card["graph"]["sentence"]["en"]
    left = Choice(own, {"graph": noise}, **FOLDS).made(chance, defaulted)
    assert (left.card["graph"]["kept"], left.kept, left.entries) == (False, {}, own)
    assert "left out" in left.card["graph"]["sentence"]["en"]


def test_held_out_figures_are_of_what_each_fold_chose_by_its_own_rows(telling, catalogue):
    """What all rows together chose would be judged by rows that had a say in it."""
    own = [each for each in catalogue["features"] if each["model"]]
    seen = []

    def choose(rows, defaulted):
        seen.append(set(rows["enterprise"]))
        return own

    inside = evaluate(telling, "defaulted", [*own, *BLOCK], choose=choose, folds=3, repeats=1)
    plain = evaluate(telling, "defaulted", own, folds=3, repeats=1)
    assert inside["auc"] == plain["auc"]
    assert [len(each) for each in seen] == [60, 60, 60]


def test_of_a_block_that_nobody_tells_nothing_is_tried(book, catalogue):
    own = [each for each in catalogue["features"] if each["model"]]
    rows, defaulted = book.drop("defaulted"), book["defaulted"].to_numpy()
    for told in (rows, with_ties(rows, [None] * rows.height).with_columns(owners=pl.lit(None, pl.Float64))):
        found = Choice(own, {"graph": BLOCK}, **FOLDS).made(told, defaulted)
        assert (found.card["graph"]["kept"], found.card["graph"]["known"], found.card["graph"]["tests"]) == (
            False,
            0,
            {},
        )


def test_a_gain_that_chance_could_explain_keeps_nothing():
    """Ahead in the mean is not enough, nor a better order with worse probabilities."""
    offered = Offered("graph", ("managers",), 80, 90)
    level = {"auc": np.full(6, 0.7), "brier": np.full(6, 0.1), "log_loss": np.full(6, 0.4)}
    shaky = level | {"auc": 0.7 + np.array([0.1, -0.05, 0.06, -0.02, 0.0, 0.01])}
    sure = level | {"auc": 0.7 + np.array([0.05, 0.06, 0.05, 0.06, 0.05, 0.06])}
    assert not weighed(offered, level, shaky, 1 / 3)["kept"]
    assert weighed(offered, level, sure, 1 / 3)["kept"]
    assert not weighed(offered, level, sure | {"brier": np.full(6, 0.11)}, 1 / 3)["kept"]
    assert not unknown(offered)["kept"]


def test_a_model_asks_for_the_block_that_it_keeps_and_is_bound_to_its_directions(
    telling, catalogue, tmp_path, monkeypatch
):
    """More managers never raise a score; a model that was not asked for a block has nothing of it."""
    monkeypatch.setattr("services.scoring.ml.train._CARD_FOLDS", 3)
    monkeypatch.setattr("services.scoring.ml.train._CARD_REPEATS", 2)
    offered = catalogue | {"blocks": {"graph": BLOCK}}
    made = train(telling, offered, version="mdl_b", seed=1, into=tmp_path / "mdl_b", blocks=["graph"])
    scorer = Scorer.load(made.path.parent)
    assert (scorer.blocks, scorer.of_blocks) == (("graph",), {"managers", "owners"})
    assert made.card["blocks"]["graph"]["kept"]
    own = [each for each in catalogue["features"] if each["model"]]
    choice = Choice(own, {"graph": BLOCK}, folds=3, repeats=2, seed=1)
    nested = evaluate(telling, "defaulted", [*own, *BLOCK], choose=choice.inside, folds=3, repeats=2, seed=1)
    assert made.card["metrics"]["auc"] == nested["auc"]
    assert made.card["constraints"]["managers"] == 1
    row = telling.row(0, named=True)

    def score(**ties):
        return scorer.score([{**row, **ties}[name] for name in scorer.features]).score_exact

    scores = [score(managers=more) for more in range(6)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert score(managers=None, owners=None) <= min(scores)
