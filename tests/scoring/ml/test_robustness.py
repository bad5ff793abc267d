"""How far scores hang on 2 % of a figure and on a seed: by models whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from services.scoring.domain import scale
from services.scoring.ml import robustness

FEATURES = ("margin", "sales")


class Line:
    """A scorer whose points are known: so many for each unit of margin and of sales over the line of one million."""

    features = FEATURES

    def __init__(self, per_margin: float, step: float) -> None:
        self.per_margin, self.step = per_margin, step

    def score_many(self, frame: pl.DataFrame) -> SimpleNamespace:
        points = np.column_stack(
            [
                frame["margin"].fill_null(0).to_numpy() * self.per_margin,
                (frame["sales"].fill_null(0).to_numpy() >= 1e6) * self.step,
            ]
        )
        exact = 500 + points.sum(axis=1)
        return SimpleNamespace(score_exact=exact, grade=scale.grades_of(np.rint(exact)), points=points)


def firms(sales):
    return pl.DataFrame({"margin": np.full(len(sales), 1.0), "sales": sales})


def test_a_step_is_told_by_the_firms_that_stand_at_it():
    """Of a hundred firms thirty stand within 2 % under the line: they and no others move by its forty points."""
    rows = firms([990_000.0] * 30 + [500_000.0] * 70)
    found = robustness.sensitivity(rows, Line(per_margin=10, step=40))
    assert found["within"] == pytest.approx(0.7)
    assert found["features"] == [{"feature": "sales", "over": 0.3}]
    assert found["firms"] == 100


def test_a_slope_is_smooth():
    """Two percent of a margin that is worth a hundred points are two points."""
    found = robustness.sensitivity(firms([5e5] * 100), Line(per_margin=100, step=40))
    assert (found["within"], found["p95_points"], found["features"]) == (1.0, 2, [])


def test_models_that_agree_are_stable():
    """Four seeds, one answer."""
    line = Line(per_margin=-80, step=40)
    found = robustness.seeds(firms([5e5] * 40), line, lambda seed: seed, lambda _: line, 3)
    assert (found["same_grade"], found["same_reason"], found["p90_range_points"]) == (1.0, 1.0, 0)
    assert found["seeds"] == [3, 4, 5, 6]
    assert found["reasons"] == [{"feature": "margin", "firms": 40, "same": 1.0}]


def test_a_seed_that_tells_another_reason_is_seen():
    """The fourth model takes points for sales that the others give: firms with large ones lose their reason."""
    line, other = Line(per_margin=-30, step=0), Line(per_margin=-30, step=-60)
    found = robustness.seeds(
        firms([5e5] * 30 + [2e6] * 10), line, lambda seed: seed, lambda seed: other if seed == 6 else line, 3
    )
    assert found["same_reason"] == pytest.approx(0.75)
    assert found["same_grade"] == pytest.approx(0.75)
    assert found["p90_range_points"] == 60


def test_reasons_of_fewer_than_ten_firms_are_not_told():
    """Nobody is under BB where all are sound."""
    line = Line(per_margin=200, step=0)
    found = robustness.seeds(firms([5e5] * 40), line, lambda seed: seed, lambda _: line, 0)
    assert (found["refused"], found["same_reason"], found["reasons"]) == (None, None, [])


def test_who_gains_by_leaving_a_figure_out_is_counted():
    """Margins of minus one cost ten points, which thirty firms win by not telling theirs; no other figure helps."""
    rows = pl.DataFrame({"margin": [-1.0] * 30 + [1.0] * 70, "sales": [2e6] * 100})
    found = robustness.withholding(rows, Line(per_margin=10, step=40), of_catalogue=False)
    assert found["figures_1"] == {"gaining": 30, "largest_points": 10.0}
    assert found["figures_3"] == found["figures_1"]


def test_nobody_gains_with_a_model_of_the_catalogue(trained):
    """What is missing counts as worse than any known value."""
    for step in ("figures_1", "figures_3"):
        assert trained.card["withholding"][step] == {"gaining": 0, "largest_points": 0.0}


def test_a_card_tells_all_three(trained):
    """Training measures them on its own firms."""
    assert trained.card["seeds"]["firms"] == trained.card["data"]["firms"]
    assert len(set(trained.card["seeds"]["seeds"])) == robustness.SEEDS
    assert 0 <= trained.card["sensitivity"]["within"] <= 1
