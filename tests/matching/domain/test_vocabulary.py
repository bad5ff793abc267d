"""What a rule may speak of, and what can be compared with what."""

from __future__ import annotations

import pytest

from services.matching.domain.errors import NameUnknown, RuleMistyped, WordUnknown
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


CODES = {"industry": frozenset({"C", "C13", "F", "F51"}), "region": frozenset({"330000", "330100", "330106", "110105"})}
WITH_CODES = Vocabulary(VOCABULARY.features, "c1", CODES)


@pytest.mark.parametrize(
    "text",
    [
        'size_class in ["micro", "small"]',
        'kind != "leasing"',
        'industry in ["C", "F51", "C1311"]',
        'region == "33" or region == "3301" or region == "330106"',
    ],
)
def test_words_of_the_lists_and_codes_of_the_standards_are_valid(text: str) -> None:
    """A code at every level; groups and classes of industries lie in a division that is listed."""
    WITH_CODES.check(parse(text))


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ('size_class == "tiny"', []),
        ('size_class == "Micro"', ["micro"]),
        ('kind in ["leasing", "credit_line"]', ["credit-line", "secured-loan"]),
        ('industry == "13"', ["C13"]),
        ('industry == "1311"', ["C1311"]),
        ('industry != "c13"', ["C13", "C"]),
        ('industry == "C99"', ["C"]),
        ('region == "330000"', ["33"]),
        ('region == "330100"', ["3301"]),
        ('not region == "330107"', ["330106", "330100", "330000"]),
        ('region == "zz"', []),
    ],
)
def test_a_word_on_no_list_is_refused_with_the_nearest_ones(text: str, nearest: list[str]) -> None:
    """In whatever comparison: no firm and no need ever has it."""
    with pytest.raises(WordUnknown) as refusal:
        WITH_CODES.check(parse(text))
    assert refusal.value.members["nearest"] == nearest
    assert ("Did you mean" in refusal.value.detail) is bool(nearest)


def test_codes_are_not_judged_where_no_list_is_at_hand() -> None:
    """The lists of kinds and sizes are the suite's own."""
    VOCABULARY.check(parse('industry == "13" and region == "zz"'))
    with pytest.raises(WordUnknown):
        VOCABULARY.check(parse('kind == "gold"'))
