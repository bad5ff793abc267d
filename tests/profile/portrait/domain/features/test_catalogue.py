"""The catalogue is complete: it is the documentation, the constraints, the reasons and the recourse in one."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from services.profile.portrait.domain.features import CATALOGUE, NEEDS, Feature
from services.profile.portrait.domain.features.feature import Family

each = pytest.mark.parametrize("feature", CATALOGUE, ids=lambda feature: feature.name)


def test_a_model_is_offered_some_dozens_of_features_in_few_families() -> None:
    """Enough to tell a firm's traits apart; of each family training keeps one."""
    offered = [feature for feature in CATALOGUE if feature.model]
    assert 20 <= len(offered) <= 40
    assert {feature.family for feature in offered} == set(get_args(Family))


def test_no_two_features_share_a_name_or_a_title() -> None:
    """A name is a column, a title a line on a page."""
    for told in ([f.name for f in CATALOGUE], [f.title.zh for f in CATALOGUE], [f.title.en for f in CATALOGUE]):
        assert len(set(told)) == len(told)


@each
def test_a_feature_speaks_chinese_and_english(feature: Feature) -> None:
    """Title and both reason phrases exist in both languages, and are in that language."""
    for text in (feature.title, feature.worse, feature.better):
        assert re.search(r"[\u4e00-\u9fff]", text.zh)
        assert text.en.isascii()
        assert re.search("[a-z]", text.en)


@each
def test_the_two_reasons_of_a_feature_differ(feature: Feature) -> None:
    """What costs points must not read like what earns them."""
    assert feature.worse != feature.better


@each
def test_a_window_in_a_name_is_the_window_in_the_title(feature: Feature) -> None:
    """`…_12m` is never a title of 36 months."""
    if (window := re.search(r"_(\d+)m$", feature.name)) and (said := re.search(r"近(\d+)个月", feature.title.zh)):
        assert said[1] == window[1]


@each
def test_advice_to_move_a_feature_lowers_the_risk(feature: Feature) -> None:
    """An action goes against the direction of risk: nobody is told to do what costs points."""
    if feature.direction and feature.actionable != "immutable":
        assert feature.actionable == ("lower" if feature.direction > 0 else "raise")


def test_no_feature_without_a_direction_is_offered_to_the_model() -> None:
    """Every figure the model may use carries a monotone constraint."""
    assert [f.name for f in CATALOGUE if f.model and not f.direction] == []


def test_features_read_invoices_only() -> None:
    """No rating and no outcome can leak into a feature: they are not among the columns read."""
    assert set(NEEDS) == {
        "enterprise", "direction", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status", "reversal",
    }  # fmt: skip
