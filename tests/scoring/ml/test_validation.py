"""What a model's page says: figures against scikit-learn and by hand, pictures that are the same twice."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_curve

from gateway.portal.pictures import in_words
from services.profile.portrait.api.shown import catalogue
from services.scoring.domain import metrics
from services.scoring.ml import validation
from services.scoring.ml.plots import draw
from services.scoring.ml.validation import Explained, HeldOut


def held_out_of(firms=200, seed=0, **columns):
    random = np.random.default_rng(seed)
    pd = random.beta(1, 4, size=firms)
    rows = pl.DataFrame({"enterprise": [str(number) for number in range(firms)], **columns})
    noisy = np.clip(pd + random.normal(0, 0.01, size=(3, firms)), 0.001, 0.999)
    return HeldOut(rows, random.uniform(size=firms) < pd, pd, noisy)


def figures_of(held_out, features=()):
    points = np.zeros((held_out.rows.height, len(features)))
    return validation.figures(held_out, Explained(features, points))


def test_the_roc_curve_lies_on_scikit_learns():
    """Every point of ours is one of theirs: fewer, since a step is ten firms or more."""
    held_out = held_out_of(90)
    false, true, _ = roc_curve(held_out.defaulted, -held_out.points, drop_intermediate=False)
    ours = figures_of(held_out)["roc"]

    theirs = {(round(x, 9), round(y, 9)) for x, y in zip(false, true, strict=True)}
    assert {(round(x, 9), round(y, 9)) for x, y in zip(*ours.values(), strict=True)} <= theirs
    assert len(ours["true_positive"]) > 4


def test_the_ks_distance_is_the_metrics_own():
    """The distance told is that of the metric on the same scores, though the curve is of bins."""
    held_out = held_out_of()

    found = figures_of(held_out)["ks"]

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


def test_groups_of_few_firms_stand_together_and_are_not_judged():
    """Nine and four firms have no rate to speak of; together they are thirteen."""
    held_out = held_out_of(113, size_class=["small"] * 100 + ["large"] * 9 + ["tiny"] * 4)

    few = validation.segments(held_out, "size_class")[1]

    assert (few["group"], few["members"], few["firms"]) == ("others", ["large", "tiny"], 13)
    assert (few["air"], few["auc"], few["below_four_fifths"]) == (None, None, False)


def test_the_points_of_a_feature_are_told_by_bins_of_ten():
    """A feature that costs a point each: the typical values and mean points of its bins, unknown ones apart."""
    values = [None] * 12 + list(range(48))
    held_out = held_out_of(60, months=pl.Series(values, dtype=pl.Float64))
    points = np.array([[-1.0 if value is None else float(value)] for value in values])

    shown = validation.dependence(held_out.rows, Explained(("months",), points), 0)

    assert [each["firms"] for each in shown["bins"]] == [12, 12, 12, 12]
    assert [each["points"] for each in shown["bins"]] == [5.5, 17.5, 29.5, 41.5]
    assert shown["unknown"] == {"firms": 12, "points": -1.0}


def test_a_score_that_never_moves_is_stable():
    """Three equal repeats: no range, one grade."""
    pd = np.linspace(0.01, 0.6, 40)
    rows = pl.DataFrame({"enterprise": [str(n) for n in range(40)]})

    found = validation.stability(HeldOut(rows, pd > 0.4, pd, np.tile(pd, (3, 1))))

    assert (found["median_range_points"], found["same_grade"]) == (0.0, 1.0)


def test_the_pictures_of_a_model_lie_beside_it(trained):
    """Curves, calibration and what features do, none of which can run a script."""
    folder = trained.path.parent / "pictures"
    names = {path.stem for path in folder.glob("*.svg")}

    assert names >= {"roc", "ks", "calibration", "scores", "shap-summary", "shap-dependence-1"}
    for path in folder.glob("*.svg"):
        assert "<script" not in path.read_text("utf-8")


def test_no_picture_tells_a_figure_that_the_card_tells_otherwise(trained):
    """A curve of all firms has another area, and another widest gap, than the mean over folds."""
    for path in (trained.path.parent / "pictures").glob("*.svg"):
        words = re.findall(r">([^<>]+)</text>", path.read_text("utf-8"))
        assert words
        assert not re.search(r"\b(AUC|KS)\b", " ".join(words)), path.name


def test_every_word_of_a_picture_has_its_chinese(trained):
    """What is drawn is text, and the portal puts it into the reader's language."""
    own = {each["feature"]: "自有特征" for each in trained.card["importance"]}
    titles = own | {each["name"]: each["title"]["zh"] for each in catalogue()["features"]}
    for path in (trained.path.parent / "pictures").glob("*.svg"):
        svg = path.read_text("utf-8")
        words = re.findall(r">([^<>]+)</text>", in_words("zh", svg, titles))
        assert [each for each in words if re.search("[A-Za-z]{3}", each)] == [], path.name
        assert in_words("en", svg, titles) == svg


def test_the_same_card_has_the_same_pictures(trained, tmp_path):
    """Byte for byte: no date, no chance; and nothing else lies beside them."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        draw(tmp_path / folder, trained.card)

    found = [{path.name: path.read_bytes() for path in (tmp_path / each).rglob("*.svg")} for each in ("one", "two")]
    assert found[0] == found[1] != {}
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["pictures"]
