"""What a model's page says: figures against scikit-learn and by hand, pictures that are the same twice."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_curve

from services.scoring.domain import metrics
from services.scoring.ml import validation
from services.scoring.ml.artefact import read
from services.scoring.ml.plots import draw
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.validation import HeldOut


def held_out_of(firms=200, seed=0, **columns):
    random = np.random.default_rng(seed)
    pd = random.beta(1, 4, size=firms)
    rows = pl.DataFrame({"enterprise": [str(number) for number in range(firms)], **columns})
    noisy = np.clip(pd + random.normal(0, 0.01, size=(3, firms)), 0.001, 0.999)
    return HeldOut(rows, random.uniform(size=firms) < pd, pd, noisy)


def test_the_roc_curve_is_scikit_learns():
    """Every point of ours lies on theirs; the area between ours and the axis is the AUC."""
    held_out = held_out_of(90)
    false, true, _ = roc_curve(held_out.defaulted, held_out.pd, drop_intermediate=False)
    ours = validation.roc(held_out.defaulted, held_out.pd)

    assert np.column_stack(list(ours.values())) == pytest.approx(np.column_stack([false, true]))
    area = np.trapezoid(ours["true_positive"], ours["false_positive"])
    assert area == pytest.approx(metrics.auc(held_out.defaulted, held_out.pd))


def test_the_ks_curve_is_widest_at_the_ks_figure():
    """The distance told is that of the metric on the same scores."""
    held_out = held_out_of()

    found = validation.ks_curve(held_out.defaulted, held_out.points)

    assert found["distance"] == pytest.approx(metrics.ks(held_out.defaulted, -held_out.points))


def test_a_segment_is_counted_by_hand():
    """Rates, gap and the adverse impact ratio of two regions, one of which passes half as often."""
    pd = np.repeat([0.05, 0.05, 0.5], [30, 15, 15])
    region = ["north"] * 30 + ["south"] * 30
    rows = pl.DataFrame({"enterprise": [str(n) for n in range(60)], "region": region})
    defaulted = np.arange(60) >= 55
    held_out = HeldOut(rows, defaulted, pd, pd[None, :])

    north, south = validation.segments(held_out, "region")

    assert (north["group"], north["firms"], north["passing"], north["air"]) == ("north", 30, 1.0, 1.0)
    assert south["air"] == pytest.approx(1 / 2)
    assert (north["below_four_fifths"], south["below_four_fifths"]) == (False, True)
    assert south["gap"] == pytest.approx((15 * 0.05 + 15 * 0.5) / 30 - 5 / 30)


def test_a_group_of_few_firms_is_shown_and_not_judged():
    """Nine firms have no rate to speak of."""
    held_out = held_out_of(109, size_class=["small"] * 100 + ["large"] * 9)

    few = validation.segments(held_out, "size_class")[1]

    assert (few["group"], few["air"], few["auc"], few["below_four_fifths"]) == ("large", None, None, False)


def test_a_score_that_never_moves_is_stable():
    """Three equal repeats: no range, one grade."""
    pd = np.linspace(0.01, 0.6, 40)
    rows = pl.DataFrame({"enterprise": [str(n) for n in range(40)]})

    found = validation.stability(HeldOut(rows, pd > 0.4, pd, np.tile(pd, (3, 1))))

    assert (found["median_range_points"], found["same_grade"]) == (0.0, 1.0)


def test_the_pictures_of_a_model_lie_beside_it(trained):
    """Curves, calibration and the shap library's plots, none of which can run a script."""
    folder = trained.path.parent / "plots"
    names = {path.stem for path in folder.glob("*.svg")}

    assert names >= {"roc", "ks", "calibration", "scores", "shap-summary", "shap-dependence-1"}
    for path in folder.glob("*.svg"):
        assert "<script" not in path.read_text("utf-8")


def test_the_same_model_has_the_same_pictures(trained, book, tmp_path):
    """Byte for byte: no date, no chance."""
    artefact, sha256 = read(trained.path.parent)
    scorer = Scorer(artefact, sha256)
    rows = book.drop("defaulted")
    pd = scorer.score_many(rows).pd
    held_out = HeldOut(rows, book["defaulted"].to_numpy(), pd, np.tile(pd, (2, 1)))
    for folder in ("one", "two"):
        draw(tmp_path / folder, held_out, validation.figures(held_out), scorer)

    first, second = ({path.name: path.read_bytes() for path in (tmp_path / each).iterdir()} for each in ("one", "two"))
    assert first == second
