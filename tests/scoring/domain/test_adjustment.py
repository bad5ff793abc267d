"""What is declared about the level of PDs, in log-odds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain.adjustment import Adjustment
from services.scoring.domain.scale import points_of, sigmoid

rates = st.floats(0.001, 0.5)


def test_nothing_declared_moves_nothing():
    """To the last bit."""
    assert Adjustment().total(0.2) == 0.0


@given(rate=rates, centre=rates)
def test_a_central_tendency_takes_the_training_rate_to_itself(rate, centre):
    """A firm whose PD was the training rate gets the long-run rate."""
    shift = Adjustment(central_tendency=centre).total(rate)
    assert sigmoid(np.log(rate / (1 - rate)) + shift) == pytest.approx(centre, rel=1e-9)


@given(rate=rates, margin=st.floats(0, 3), shift=st.floats(-3, 3))
def test_the_total_is_the_sum_and_its_points_are_on_the_scale(rate, margin, shift):
    """What the card tells in points is what a score loses."""
    told = Adjustment(0.03, margin, shift).as_json(rate)
    assert told["total_log_odds"] == pytest.approx(sum(told["log_odds"].values()))
    assert told["points"] == pytest.approx(float(points_of(told["total_log_odds"]) - points_of(0.0)), abs=1e-9)
