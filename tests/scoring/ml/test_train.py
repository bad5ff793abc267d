"""Training leaves one immutable, reproducible, honest artefact, and refuses what cannot be learned from."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import xgboost

from services.scoring.domain import scale
from services.scoring.domain.adjustment import Adjustment
from services.scoring.domain.errors import ModelUnreadable, TrainingDataUnusable, VersionTaken
from services.scoring.domain.gate import MARGINS, passed
from services.scoring.ml import artefact
from services.scoring.ml.joining import joined
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.train import train


def test_the_same_inputs_give_the_same_bytes(book, catalogue, trained, tmp_path):
    """Table, catalogue, version and seed decide every byte of the file."""
    again = train(book, catalogue, version="mdl_test", seed=1, into=tmp_path / "again")
    assert again.path.read_bytes() == trained.path.read_bytes()
    assert again.sha256 == trained.sha256


def test_the_order_of_the_catalogue_features_is_that_of_the_model(trained, catalogue):
    """Only features offered to the learner are in the model, in the catalogue's order."""
    assert list(Scorer.load(trained.path.parent).features) == [
        entry["name"] for entry in catalogue["features"] if entry["model"]
    ]


def test_the_constraints_are_the_catalogue_s_directions(trained):
    """What the catalogue calls a direction binds the trees; what it leaves open is free."""
    assert trained.card["constraints"] == {"sales": -1, "months": -1, "silence": 1, "concentration": 1}


def test_classes_are_never_reweighted(trained):
    """A reweighted model would not be calibrated."""
    assert "scale_pos_weight" not in trained.card["parameters"]


def test_the_card_tells_data_quality_scale_reference_and_limits(trained, book):
    """What a validator asks first is on the card."""
    card = trained.card
    assert card["data"]["firms"] == 90
    assert card["data"]["defaults"] == book["defaulted"].sum()
    low, high = card["metrics"]["auc"]["ci95"]
    assert low < card["metrics"]["auc"]["mean"] <= high
    assert card["metrics"]["challenger"]["auc"]["mean"] > 0.5
    assert sum(group["firms"] for group in card["calibration"]["table"]) == 90
    assert card["reference"]["firms"] >= 10
    assert set(card["limits"]) == set(card["intended_use"]) == {"zh", "en"}


def test_the_card_tells_of_each_figure_how_far_the_model_is_ahead_of_its_challenger(trained):
    """Three paired tests over the card's own folds, and the gate that reads them."""
    card = trained.card
    tests = card["gate"]["tests"]
    assert set(tests) == set(MARGINS)
    for name, test in tests.items():
        better = test["model"] - test["challenger"] if name == "auc" else test["challenger"] - test["model"]
        assert test["advantage"] == pytest.approx(better)
    assert tests["auc"]["model"] == pytest.approx(card["metrics"]["auc"]["mean"])
    assert tests["auc"]["challenger"] == pytest.approx(card["metrics"]["challenger"]["auc"]["mean"])
    assert passed(card) == all(test["advantage"] >= -test["margin"] for test in tests.values())


@pytest.fixture(scope="module")
def adjusted(book, catalogue, tmp_path_factory):
    """The same model, its PDs centred on 3 %, with a margin and a shift."""
    into = tmp_path_factory.mktemp("adjusted") / "mdl_test"
    return train(book, catalogue, version="mdl_test", seed=1, into=into, adjustment=Adjustment(0.03, 0.25, -0.1))


def test_declared_adjustments_move_every_log_odds_by_exactly_what_was_declared(trained, adjusted, book):
    """Of every firm: the PD's scale moves, its order and its spread do not."""
    before, after = (Scorer.load(each.path.parent).score_many(book) for each in (trained, adjusted))
    rate = book["defaulted"].mean()
    declared = np.log(0.03 / 0.97) - np.log(rate / (1 - rate)) + 0.25 - 0.1
    moved = (before.score_exact - after.score_exact) / scale.POINTS_PER_LOG_ODDS
    np.testing.assert_allclose(moved, declared, atol=1e-9)


def test_reasons_of_an_adjusted_model_add_up(adjusted, book):
    """Base points and contributions are the score's, as of any model."""
    scored = Scorer.load(adjusted.path.parent).score_many(book)
    np.testing.assert_allclose(scored.base_points + scored.points.sum(axis=1), scored.score_exact, atol=1e-6)


def test_card_and_legend_tell_what_was_declared_and_what_it_does(trained, adjusted):
    """In log-odds and points; figures of quality are those of what was learned."""
    told = adjusted.card["adjustment"]
    assert told == adjusted.legend["adjustment"]
    assert told["declared"] == {
        "central_tendency": 0.03,
        "margin_of_conservatism": 0.25,
        "through_the_cycle_shift": -0.1,
    }
    assert told["points"] == pytest.approx(-scale.POINTS_PER_LOG_ODDS * told["total_log_odds"])
    assert adjusted.card["metrics"] == trained.card["metrics"]
    assert trained.card["adjustment"]["total_log_odds"] == 0.0


def test_a_declared_level_is_no_instability(trained, adjusted):
    """Models of other seeds are moved by as much, so that only the seed tells them apart."""
    for name in ("median_range_points", "p90_range_points", "seeds"):
        assert adjusted.card["seeds"][name] == trained.card["seeds"][name]


def test_a_card_tells_what_default_means_even_where_nobody_said(trained):
    """Nothing declared is said in words, in both languages."""
    told = trained.card["definition"]
    assert (told["code"], told["horizon_months"]) == (None, None)
    assert all(each["zh"] and each["en"] for each in told["told"])
    assert len(told["told"]) == 2


def test_the_reasons_were_verified_against_shap_at_training_time(trained):
    """The card states the largest difference found on training rows, below a millionth of a grade."""
    assert trained.card["verification"]["rows"] == 90
    assert trained.card["verification"]["reasons_against_shap_points"] < 1e-4
    assert trained.card["verification"]["margin_against_xgboost_points"] < 1e-3


def test_a_boosted_forest_written_tree_by_tree_predicts_what_it_did():
    """Leaves carry their share already: only the book-keeping of rounds changes, and shap can read it."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(200, 4)).astype(np.float32)
    data = xgboost.DMatrix(rows, label=rows[:, 0] > 0.3)
    booster = xgboost.train({"objective": "binary:logistic", "num_parallel_tree": 6, "subsample": 0.7}, data, 5)
    plain = xgboost.Booster(model_file=bytearray(joined([bytes(booster.save_raw("json"))])))
    assert len(plain.get_dump()) == plain.num_boosted_rounds() == 30
    np.testing.assert_array_equal(plain.predict(data, output_margin=True), booster.predict(data, output_margin=True))


def test_several_forests_are_joined_to_their_mean():
    """The joined trees say what the forests say on average, to the last but few bits."""
    random = np.random.default_rng(4)
    rows = random.normal(size=(200, 4)).astype(np.float32)
    data = xgboost.DMatrix(rows, label=rows[:, 0] > 0.3)
    several = [
        xgboost.train({"objective": "binary:logistic", "seed": seed, "subsample": 0.5}, data, 5) for seed in (1, 2)
    ]
    one = xgboost.Booster(model_file=bytearray(joined([bytes(each.save_raw("json")) for each in several])))
    mean = np.mean([each.predict(data, output_margin=True) for each in several], axis=0)
    np.testing.assert_allclose(one.predict(data, output_margin=True), mean, atol=1e-6)


def test_firms_of_which_nothing_is_known_teach_nothing(book, catalogue, trained, tmp_path):
    """A firm without a single feature is never scored, so its outcome is left out of training."""
    empty = book.head(3).with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("sales", "months", "silence", "concentration", "season")
    )
    again = train(pl.concat([book, empty]), catalogue, version="mdl_test", seed=1, into=tmp_path / "again")
    assert again.sha256 == trained.sha256


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda book: book.head(12), "too few"),
        (lambda book: book.with_columns(defaulted=pl.lit(value=False)), "0 defaults"),
        (lambda book: book.with_columns(defaulted=pl.lit("maybe")), "maybe"),
        (lambda book: book.drop("defaulted"), "no column 'defaulted'"),
        (lambda book: book.drop("sales"), "sales"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_by_name(book, catalogue, tmp_path, change, words):
    """The refusal says what was found, and leaves no file behind."""
    with pytest.raises(TrainingDataUnusable, match=words):
        train(change(book), catalogue, version="mdl_x", seed=0, into=tmp_path / "mdl_x")
    assert not (tmp_path / "mdl_x").exists()


def test_a_damaged_file_is_refused_and_an_absent_one_is_not_found(trained, tmp_path):
    """Half a file is never half a model."""
    body = trained.path.read_bytes()
    (tmp_path / "artefact.json").write_bytes(body[: len(body) // 2])
    with pytest.raises(ModelUnreadable, match="damaged"):
        Scorer.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        Scorer.load(tmp_path / "nowhere")


def test_writing_the_same_artefact_again_touches_nothing(trained):
    """A training job taken up again after a crash leaves the finished file alone."""
    before = trained.path.stat().st_mtime_ns
    found, sha256 = artefact.read(trained.path.parent)
    artefact.write(found, trained.path.parent)
    assert trained.path.stat().st_mtime_ns == before
    assert sha256 == found.sha256 == trained.sha256


def test_another_artefact_never_replaces_one_that_is_there(trained, tmp_path):
    """A version is immutable: other content under its name is refused and the first stays."""
    found, _ = artefact.read(trained.path.parent)
    first = artefact.write(found, tmp_path / "mdl_test").read_bytes()
    parts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    with pytest.raises(VersionTaken):
        artefact.write(artefact.Artefact(**{**parts, "card": {}}), tmp_path / "mdl_test")
    assert (tmp_path / "mdl_test" / "artefact.json").read_bytes() == first


def test_a_model_that_was_asked_for_no_block_reads_none(trained):
    scorer = Scorer.load(trained.path.parent)
    assert (scorer.blocks, scorer.of_blocks) == ((), frozenset())
    assert "blocks" not in trained.card
