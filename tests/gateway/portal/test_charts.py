"""What the charts draw."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from portal_site import StandIn, fixture

from gateway.portal import Answer, charts
from services.scoring.domain import scale

POINTS = st.floats(-200, 200, allow_nan=False)


def scored(contributions: list[float], base: float = 600.0) -> dict[str, Any]:
    return {
        "base_points": base,
        "score": round(base + sum(contributions)),
        "contributions": [
            {"title": {"zh": f"指标{n}", "en": f"f{n}"}, "points": points} for n, points in enumerate(contributions)
        ],
    }


@given(st.lists(POINTS, max_size=60))
def test_the_waterfall_ends_at_base_plus_all_contributions(contributions: list[float]) -> None:
    """No contribution is lost in `the rest`, and each step starts where the one before it ended."""
    drawn = charts.waterfall("zh", scored(contributions))
    levels = [drawn["base"]["value"], *(step["to"] for step in drawn["steps"])]
    assert [step["from"] for step in drawn["steps"]] == levels[:-1]
    assert drawn["total"]["value"] == levels[-1]
    assert levels[-1] == pytest.approx(600 + sum(contributions), abs=1e-6)
    assert len(drawn["steps"]) <= charts.WATERFALL_STEPS + 1


def test_the_waterfall_shows_the_largest_first() -> None:
    """Small moves are the rest."""
    drawn = charts.waterfall("en", scored([1.0] * 20 + [-30.0]))
    assert drawn["steps"][0]["label"] == "−30.0"
    assert drawn["steps"][-1]["name"] == "9 others"


def test_a_dimension_without_data_is_none_and_not_zero() -> None:
    """The radar is told apart from a score of zero."""
    axes = charts.radar("zh", fixture("portrait")["dimensions"])["axes"]
    assert [axis["value"] for axis in axes].count(None) == 2
    assert 0 not in [axis["value"] for axis in axes]


def test_the_months_keep_the_exact_amount_for_the_tooltip() -> None:
    """The last month of the fixture is a net return of 12,500.33 yuan."""
    drawn = charts.months("zh", fixture("portrait")["months"])
    assert drawn["sales"]["exact"][-1] == "−¥12,500.33"
    assert drawn["sales"]["values"][-1] == pytest.approx(-1.25, abs=1e-4)
    assert drawn["unit"] == "万元"


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_risk_stands_further_right(a: float, b: float) -> None:
    """The scale of the probability is monotone and stays within the strip."""
    low, high = sorted((charts.pd_position(a), charts.pd_position(b)))
    assert 0 <= low <= high <= 100
    assert (charts.pd_position(a) <= charts.pd_position(b)) == (a <= b) or low == high


@given(st.floats(scale.PD_FLOOR, 1))
def test_every_risk_that_a_score_says_stands_where_it_is(pd: float) -> None:
    """Read back from its place, it is the risk: none is drawn at an end of the scale that is not there."""
    low, high = charts.PD_SCALE
    assert low * (high / low) ** (charts.pd_position(pd) / 100) == pytest.approx(pd)


def test_a_risk_above_one_half_has_its_interval(signed_in: Callable[..., FlaskClient], door: StandIn) -> None:
    """As wide as it is, around its point."""
    scores = fixture("scores")
    scores["items"][0] |= {"pd": 0.9, "pd_interval": [0.697, 0.991]}
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, scores)
    page = signed_in("smc_bank").get("/portal/applicants/local:E17").text
    [x, width] = map(float, re.findall(r'<rect class="interval" x="([0-9.]+)" y="5.2" width="([0-9.]+)"', page)[0])
    [point] = map(float, re.findall(r'<circle class="point" cx="([0-9.]+)"', page))
    ends = [charts.pd_position(end) for end in (0.697, 0.991)]
    assert [x, x + width] == pytest.approx(ends, abs=0.02)
    assert x < point < x + width < 100
