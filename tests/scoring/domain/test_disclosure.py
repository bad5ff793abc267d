"""Tables of a model tell of ten firms or more; the laws hold for any book."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain import disclosure
from services.scoring.domain.disclosure import LEAST_FIRMS, coarse, disclosed, folded, lines, score_table

VALUES = st.lists(st.floats(-1e9, 1e9, allow_subnormal=False) | st.integers(0, 9).map(float), min_size=1, max_size=200)


@given(VALUES)
def test_every_bin_of_a_column_has_ten_values_or_more(values):
    """However they are tied or spread."""
    column = np.array(values)
    edges = lines(column, 10)
    counts = np.bincount(np.searchsorted(edges, column, side="right"), minlength=len(edges) + 1)
    assert len(edges) == 0 or counts.min() >= LEAST_FIRMS


@given(st.lists(st.tuples(st.integers(300, 850), st.booleans()), min_size=1, max_size=200))
def test_every_bin_of_scores_has_ten_firms_or_more_and_all_firms_are_in_one(firms):
    """A book of fewer than ten has one bin."""
    points = np.array([float(score) for score, _ in firms])
    at, place = np.unique(points, return_inverse=True)
    bad = np.bincount(place, weights=[defaulted for _, defaulted in firms])
    table = score_table(at, bad, np.bincount(place) - bad)
    assert sum(row["firms"] for row in table) == len(firms)
    assert sum(row["defaults"] for row in table) == bad.sum()
    assert len(table) == 1 or min(row["firms"] for row in table) >= LEAST_FIRMS
    for row in table:
        inside = (points >= (row["from"] or -np.inf)) & (points < (row["to"] or np.inf))
        assert inside.sum() == row["firms"]


def group(name, firms, defaults=1):
    return {
        "group": name,
        "firms": firms,
        "defaults": defaults,
        "default_rate": defaults / firms,
        "mean_pd": 0.1,
        "gap": 0.1 - defaults / firms,
        "gap_by_chance": 0.2 / firms**0.5,
        "auc": 0.8,
        "passing": 0.5,
        "air": 1.0,
        "below_four_fifths": False,
    }


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_no_group_is_small_and_no_total_less_its_parts_is(sizes):
    """What is told adds up to all firms, each part being ten or more; or nothing is told."""
    found = folded([group(f"g{place:02}", size) for place, size in enumerate(sizes)])
    assert all(each["firms"] >= LEAST_FIRMS for each in found)
    assert sum(each["firms"] for each in found) == (sum(sizes) if found else 0)
    assert bool(found) == (sum(sizes) >= LEAST_FIRMS)


def test_a_remainder_of_few_takes_the_smallest_group_with_it():
    """Three firms alone would be what is left of the total."""
    found = folded([group("a", 30), group("b", 12), group("c", 3)])
    assert [(each["group"], each["firms"]) for each in found] == [("a", 30), ("others", 15)]
    assert found[1]["default_rate"] == pytest.approx(2 / 15)


def test_a_number_keeps_so_many_digits():
    """Whatever its size."""
    assert [coarse(value) for value in (1_234_567.0, 0.0123456, -98.76, 0.0)] == [1_230_000, 0.0123, -98.8, 0]


def old_card():
    points = np.arange(400, 483, dtype=float)
    defaulted = np.arange(83) < 18
    bad = np.cumsum(defaulted) / 18
    good = np.cumsum(~defaulted) / 65
    return {
        "data": {"firms": 83, "defaults": 18},
        "validation": {
            "held_out_auc": 1.0,
            "roc": {"false_positive": good.tolist(), "true_positive": bad.tolist()},
            "ks": {
                "points": points.tolist(),
                "defaulted": bad.tolist(),
                "paid": good.tolist(),
                "at": 417.0,
                "distance": 1,
            },
            "stability": {"repeats": 3, "median_range_points": 12.3456, "p90_range_points": 40.2, "same_grade": 0.5},
            "segments": {"region": [group("north", 82), group("south", 1)]},
            "passing_points": 428.0,
        },
    }


def test_a_card_of_the_old_form_is_coarsened():
    """Curves with a step a firm become bins of tens, a group of one firm goes into the others."""
    told = disclosed(old_card())["validation"]
    assert sum(row["firms"] for row in told["score_table"]) == 83
    assert sum(row["defaults"] for row in told["score_table"]) == 18
    assert min(row["firms"] for row in told["score_table"]) >= LEAST_FIRMS
    assert len(told["roc"]["true_positive"]) <= 9
    assert [each["firms"] for each in told["segments"]["region"]] == [83]
    assert told["passing_points"] == 425


def test_a_card_of_today_is_told_as_it_is():
    """Coarsening is for old ones."""
    card = {"data": {}, "validation": {"form": disclosure.FORM, "roc": "as it is"}}
    assert disclosed(card) == card
    assert disclosed(None) is None
    assert disclosed({"metrics": {}}) == {"metrics": {}}
