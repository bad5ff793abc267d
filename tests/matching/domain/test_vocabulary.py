"""What a rule may speak of, and what can be compared with what."""

from __future__ import annotations

import pytest

from services.matching.domain.errors import NameUnknown, RuleMistyped
from services.matching.domain.expression import parse
from services.matching.domain.vocabulary import Vocabulary

VOCABULARY = Vocabulary(frozenset({"sales_active_months_36m", "sales_12m"}))


@pytest.mark.parametrize(
    "text",
    ["sales_12m > 1", "score > 600 and pd <= 0.05", 'grade in ["A", "AA"]', 'size_class == "micro"', "months <= 12"],
)
def test_features_and_fixed_names_are_valid(text: str) -> None:
    """The catalogue's features beside the names that are always there."""
    VOCABULARY.check(parse(text))


def test_an_unknown_name_is_refused_with_the_nearest_ones() -> None:
    """A slip of the pen is answered with what was probably meant."""
    with pytest.raises(NameUnknown) as refusal:
        VOCABULARY.check(parse("months > 1 and sales_active_month_36m >= 18"))
    assert refusal.value.members["nearest"][0] == "sales_active_months_36m"
    assert refusal.value.members["position"] == 16
    assert "Did you mean sales_active_months_36m" in refusal.value.detail


@pytest.mark.parametrize(
    "text",
    [
        'sales_12m > "much"',
        "industry == 3",
        'industry > "C"',
        'grade >= "XYZ"',
        "grade == depth",
        "2 * region == sales_12m",
        'industry in ["C", 3]',
    ],
)
def test_unlike_things_cannot_be_compared(text: str) -> None:
    """It is refused when published, not when a firm asks."""
    with pytest.raises(RuleMistyped):
        VOCABULARY.check(parse(text))
