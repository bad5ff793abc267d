"""Screens put together: beside the maximum likelihood that scikit-learn finds, and never on the side of trust."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from services.profile.supervision.domain.screen.auction import Auction, Bid, auction
from services.profile.supervision.domain.screen.combined import (
    OF_AUCTION,
    OF_BIDDER,
    RIDGE,
    fit,
    of_auction,
    of_bidders,
    shipped,
)


def drawn(slopes: tuple[float, ...], seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, len(slopes)))
    return rows, rng.random(400) < 1 / (1 + np.exp(-rows @ np.array(slopes)))


def test_where_every_screen_points_to_suspicion_it_is_the_penalised_maximum_likelihood() -> None:
    rows, labels = drawn((1.0, 0.5))
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    oracle = LogisticRegression(C=1 / (RIDGE * len(rows)), tol=1e-8).fit(standard, labels)
    found = fit(rows, labels)
    assert found.weights == pytest.approx(oracle.coef_[0], abs=1e-3)
    assert found.constant == pytest.approx(oracle.intercept_[0], abs=1e-3)


def test_a_screen_that_pointed_the_other_way_is_left_out() -> None:
    rows, labels = drawn((1.0, -1.0))
    found = fit(rows, labels)
    assert found.weights[0] > 0.5
    assert found.weights[1] == 0
    assert min(shipped().weights) >= 0


def test_a_screen_that_is_missing_counts_as_the_mean() -> None:
    rows, labels = drawn((1.0, 0.5))
    found = fit(rows, labels)
    gap, mean = found.scores(np.array([[np.nan, 0.3], [rows[:, 0].mean(), 0.3]]))
    assert gap == pytest.approx(mean)


def held(at: int, bids: dict[str, int]) -> Auction:
    return auction(f"{at:03}", [Bid(bidder, amount) for bidder, amount in bids.items()])


def test_those_who_meet_beyond_chance_and_bid_alike_score_above_strangers_who_do_not() -> None:
    past = [
        held(at, {"a": 1_000_000, "b": 1_010_000} if at % 3 else {"c": 1_000_000, "d": 2_000_000}) for at in range(30)
    ]
    past += [held(at + 100, {name: 1_000_000, f"e{at}": 1_700_000}) for at, name in enumerate("cdcdcd")]
    rows = np.array([of_auction(held(0, {"a": 100, "b": 101}), past), of_auction(held(0, {"a": 100, "c": 170}), past)])
    ring, strangers = shipped().scores(rows)
    assert rows.shape[1] == len(OF_AUCTION)
    assert ring > strangers
    bidders = of_bidders(past)
    assert len(bidders["a"]) == len(OF_BIDDER)
    assert bidders["a"][1] > bidders["c"][1]
