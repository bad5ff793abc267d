"""Points, odds and grades are one scale."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain import scale


@pytest.mark.parametrize(("odds", "points"), [(50, 600), (100, 640), (25, 560), (200, 680)])
def test_forty_points_double_the_odds_from_600_at_50_to_1(odds, points):
    """The published anchors of the scale."""
    assert scale.pd_of(points) == pytest.approx(1 / (1 + odds))


@given(points=st.floats(-200, 1_400))
def test_points_and_pd_round_trip(points):
    """Points to PD to log-odds to points loses nothing that matters."""
    pd = float(scale.pd_of(points))
    if 1e-9 < pd < 1 - 1e-9:
        assert float(scale.points_of(math.log(pd / (1 - pd)))) == pytest.approx(points, abs=1e-4)


@given(points=st.integers(-100, 1_200))
def test_a_shown_score_comes_back_exactly_from_its_pd(points):
    """A whole number of points survives the way to PD and back to the last bit that is shown."""
    assert round(float(scale.points_of_pd(scale.pd_of(points)))) == points
    assert float(scale.points_of_pd(scale.pd_of(points))) == pytest.approx(points, abs=1e-8)


@given(pd=st.floats(1e-6, 1 - 1e-6))
def test_pd_and_points_round_trip(pd):
    """PD to points to PD, to one part in a billion."""
    assert float(scale.pd_of(scale.points_of_pd(pd))) == pytest.approx(pd, rel=1e-9)


def test_every_grade_has_one_class_and_a_better_grade_never_a_worse_class():
    """Ten performing grades and default, in order, give the classes A to D in order."""
    grades = [step.name for step in scale.MASTER_SCALE] + [scale.IN_DEFAULT]
    classes = [scale.supervision_class(grade) for grade in grades]
    assert len(grades) == 11
    assert classes == sorted(classes)
    assert set(classes) == set("ABCD")


@pytest.mark.parametrize(("letter", "worst", "limit"), [("A", "A", 0.0099), ("B", "BB", 0.0385), ("C", "CCC", 0.138)])
def test_a_class_ends_where_its_worst_grade_ends(letter, worst, limit):
    """The published PD limits of the classes are boundaries of grades."""
    assert scale.supervision_class(worst) == letter
    assert scale.pd_bounds(worst)[1] == pytest.approx(limit, rel=0.01)


def test_the_master_scale_has_ten_performing_grades_and_default_strictly_ordered_in_pd():
    """Each grade's PDs begin where the better one's end."""
    bounds = [scale.pd_bounds(step.name) for step in scale.MASTER_SCALE]
    assert len(bounds) == 10
    assert scale.IN_DEFAULT not in [step.name for step in scale.MASTER_SCALE]
    assert bounds[0][0] == 0.0
    assert bounds[-1][1] == 1.0
    for (low, high), (after_low, _) in pairwise(bounds):
        assert low < high == after_low


@given(better=st.floats(0, 1_000), worse=st.floats(0, 1_000))
def test_a_higher_score_never_has_a_worse_grade(better, worse):
    """Grades follow points."""
    names = [step.name for step in scale.MASTER_SCALE]
    better, worse = max(better, worse), min(better, worse)
    assert names.index(scale.grade_of(better)) <= names.index(scale.grade_of(worse))


def test_a_boundary_belongs_to_the_better_grade():
    """640 points are an A, a hair less is a BBB."""
    assert (scale.grade_of(640), scale.grade_of(639.999)) == ("A", "BBB")


def test_no_pd_is_shown_under_the_basel_floor():
    """0.05 % is the least, whatever the points say."""
    assert float(scale.floored(1e-6)) == 0.0005
    assert float(scale.floored(0.02)) == 0.02
