"""A bank's own rating beside the model: on the same held-out firms, and telling of no single one."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from services.scoring.domain import metrics
from services.scoring.domain.rating import Rated, Ratings, beside

GRADES = ("A", "B", "C", "D")
FOLDS = [(repeat, np.arange(place, 80, 4)) for repeat in range(2) for place in range(4)]
OUTCOMES = np.arange(80) % 3 == 0


def ratings(places):
    return Ratings(GRADES, {str(firm): Rated(GRADES[place]) for firm, place in enumerate(places) if place is not None})


def compared(places, pds=None, **day):
    ranks = ratings(places).of([str(firm) for firm in range(80)], **day)
    known = np.tile(np.linspace(0.1, 0.9, 80), (2, 1)) if pds is None else pds
    return beside(ranks, OUTCOMES, known, FOLDS, 0.25)


def drawn(seed=0, sharp=1.0):
    """Grades that know a little of the outcome."""
    random = np.random.default_rng(seed)
    return np.clip(np.rint(1 + sharp * OUTCOMES + random.normal(0, 0.8, 80)), 0, 3).astype(int).tolist()


def test_both_are_measured_on_the_same_rated_firms_of_each_fold():
    """The mean of the folds' AUC, over firms that have a grade."""
    places = drawn()
    places[:9] = [None] * 9
    pds = np.random.default_rng(1).uniform(size=(2, 80))
    found = compared(places, pds)["comparison"]
    model, rating = [], []
    for repeat, rows in FOLDS:
        some = rows[rows >= 9]
        model.append(metrics.auc(OUTCOMES[some], pds[repeat, some]))
        rating.append(metrics.auc(OUTCOMES[some], np.array([float(places[row]) for row in some])))
    assert found["model"] == pytest.approx(np.mean(model))
    assert found["rating"] == pytest.approx(np.mean(rating))
    assert found["advantage"] == pytest.approx(np.mean(model) - np.mean(rating))
    assert found["ci95"] == pytest.approx(metrics.corrected_bounds(np.array(model) - np.array(rating), 0.25))


@pytest.mark.parametrize(("model", "rating", "finding"), [(1, 0, "model"), (0, 1, "rating"), (0, 0, "neither")])
def test_the_interval_says_which_of_the_two_ranks_better(model, rating, finding):
    """Where it holds nought neither is shown better."""
    random = np.random.default_rng(2)
    pds = np.tile(np.where(OUTCOMES, 0.9, 0.1) if model else random.uniform(size=80), (2, 1))
    places = np.where(OUTCOMES, 3, 0) if rating else random.integers(0, 4, 80)
    assert compared(places.tolist(), pds)["comparison"]["finding"] == finding


def test_a_grade_of_the_worst_end_counts_as_risk():
    """The grades are told best first: a rating that is right has an AUC above a half, one turned round below it."""
    places = drawn()
    assert compared(places)["comparison"]["rating"] > 0.6
    assert compared([3 - place for place in places])["comparison"]["rating"] < 0.4


def test_ratings_given_after_the_features_are_left_out_and_counted():
    """They may know what came later; those without a day stay, and are told."""
    given = {str(firm): Rated("D", date(2020, 3, 1)) for firm in range(5)}
    given |= {str(firm): Rated("A", date(2020, 1, 1)) for firm in range(5, 40)}
    given |= {str(firm): Rated("B") for firm in range(40, 80)}
    firms = [str(firm) for firm in range(80)]
    ranks = Ratings(GRADES, given).of(firms, date(2020, 2, 1))
    assert np.isnan(ranks.place[:5]).all()
    assert not np.isnan(ranks.place[5:]).any()
    told = beside(ranks, OUTCOMES, np.tile(np.linspace(0, 1, 80), (2, 1)), FOLDS, 0.25)
    assert (told["late"], told["undated"], told["rated"], told["unrated"]) == (5, 40, 75, 5)
    assert [line["en"].split()[0] for line in told["told"]] == ["5", "40"]


def test_a_grade_in_which_everybody_defaulted_is_told_to_be_no_forecast():
    """It was mostly given when the default had happened."""
    told = compared(np.where(OUTCOMES, 3, np.arange(80) % 3).tolist())["told"]
    assert any("27 firms rated D defaulted" in line["en"] and "27 家" in line["zh"] for line in told)


def test_grades_of_fewer_than_ten_firms_stand_with_their_neighbour():
    """Nobody learns of one firm what the bank thinks of it and whether it paid."""
    places = [0] * 3 + [1] * 40 + [2] * 33 + [3] * 4
    groups = compared(places)["grades"]
    assert [(group["grades"], group["firms"]) for group in groups] == [(["A", "B"], 43), (["C", "D"], 37)]
    assert sum(group["defaults"] for group in groups) == OUTCOMES.sum()


@pytest.mark.parametrize("few", [0, 6, 9, 11])
def test_of_too_few_rated_firms_nothing_is_compared_and_nothing_told(few):
    """Under ten firms, or under five of either kind."""
    told = compared([*drawn()[:few], *[None] * (80 - few)])
    assert told["comparison"] is None
    assert (told["grades"], told["defaults"]) == ([], None)
    assert told["rated"] == few


def test_ratings_survive_their_way_through_the_job():
    """Grades, firms and days."""
    known = Ratings(GRADES, {"local:E1": Rated("A", date(2020, 1, 1)), "local:E2": Rated("D")})
    assert Ratings.from_json(known.as_json()) == known
