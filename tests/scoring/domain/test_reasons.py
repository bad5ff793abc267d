"""Which reasons are told, and in which words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.scoring.domain.reasons import figure, principal, principal_many, sentence


@given(points=st.lists(st.floats(-80, 80), min_size=6, max_size=6))
def test_at_most_four_reasons_adverse_ones_first(points):
    """No helpful reason precedes an adverse one, and none is told twice."""
    told = principal(np.array(points))
    signs = [points[place] > 0 for place in told]
    assert len(told) == len(set(told)) <= 4
    assert signs == sorted(signs)


def test_the_strongest_come_first():
    """Two features of one side of a firm are told before a weaker third."""
    assert principal(np.array([-30, -5, -10, -20, 3, -4.0])) == [0, 3, 2, 1]


def test_what_helped_fills_the_places_that_no_adverse_reason_takes():
    """A firm better than the reference hears why."""
    assert principal(np.array([12, 0, 30, -7, 0, 5.0])) == [3, 2, 0, 5]


def test_less_than_half_a_point_is_no_reason():
    """What cannot move the shown score explains nothing."""
    assert principal(np.array([-0.4, 0.4, 0, 0, 0, 0])) == []


def test_a_sentence_gives_value_reference_unit_and_points_in_both_languages():
    """The words of the catalogue with the figures that a reader compares."""
    said = sentence({"zh": "近三年有销售的月份偏少", "en": "Few months with sales"}, -18.3, 14, 31, "month")
    assert said == {
        "zh": "近三年有销售的月份偏少：本企业 14 个月，基准 31 个月，影响 −18 分",
        "en": "Few months with sales: this firm 14 months, reference 31 months, −18 points",
    }


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (3_630_000, "3.63 万元", "CNY 36,300"),
        (145_000_000, "145.00 万元", "CNY 1.45 million"),
        (99_999_960, "100.00 万元", "CNY 1.00 million"),
        (512_300_000_000, "51.23 亿元", "CNY 5.12 billion"),
        (-42_000, "−420 元", "−CNY 420"),
        (0, "0 元", "CNY 0"),
    ],
)
def test_money_is_told_as_people_say_it(fen, zh, en):
    """Fen are for machines: yuan, 万元 and 亿元 in Chinese; yuan, millions and billions in English."""
    assert (figure(fen, "fen", "zh"), figure(fen, "fen", "en")) == (zh, en)


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (0.125, "ratio", "12.5%", "12.5%"),
        (-0.0001, "ratio", "0.0%", "0.0%"),
        (1, "month", "1 个月", "1 month"),
        (14, "month", "14 个月", "14 months"),
        (1, "day", "1 天", "1 day"),
        (23, "count", "23 个", "23"),
        (-0.021, "per-month", "−2.1%/月", "−2.1% a month"),
        (2.5, "", "2.50", "2.50"),
    ],
)
def test_each_unit_has_its_words_in_both_languages(value, unit, zh, en):
    """Singular where one is one; a true minus sign, and none before a zero."""
    assert (figure(value, unit, "zh"), figure(value, unit, "en")) == (zh, en)


def test_one_point_is_singular():
    """ "−1 points" is no English."""
    assert sentence({"zh": "", "en": ""}, -1.2, 1, 2, "month")["en"].endswith("−1 point")


def test_a_missing_value_is_said_to_be_missing():
    """Neither NaN nor None is shown as a number."""
    said = sentence({"zh": "留存", "en": "Retention"}, -3, None, float("nan"), "ratio")
    assert said["zh"] == "留存：本企业 无数据，基准 无数据，影响 −3 分"
    assert "no data" in said["en"]


ROWS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.just(7)),
    elements=st.one_of(st.sampled_from([-9.0, -0.5, 0.0, 0.5, 9.0]), st.floats(-80, 80)),
)


@given(ROWS)
def test_the_reasons_of_many_are_those_of_each(points: np.ndarray) -> None:
    """Columns and rows tell the same reasons in the same order, equal contributions included."""
    many = principal_many(points)
    told = [[position for position in row if position >= 0] for row in many.tolist()]
    assert told == [principal(row) for row in points]


@given(ROWS)
def test_no_untold_reason_is_larger_than_a_told_one_of_its_side(points: np.ndarray) -> None:
    """What is left out never weighs more than what is said."""
    for row in points:
        told = principal(row)
        for side in (-1.0, 1.0):
            said = [side * row[place] for place in told if side * row[place] > 0]
            unsaid = [side * each for place, each in enumerate(row) if place not in told]
            assert not said or max(unsaid, default=0.0) <= min(said)
