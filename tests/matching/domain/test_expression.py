"""Rules as banks write them: what is read, and what is refused with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.errors import RuleUnreadable
from services.matching.domain.expression import Comparison, Joined, Literal, Name, Not, names, parse


def test_a_comparison_is_name_operator_and_literal() -> None:
    """The plainest rule."""
    assert parse("months >= 18") == Comparison(Name("months"), ">=", Literal(18))


def test_a_literal_on_the_left_turns_the_comparison_round() -> None:
    """The name stands left, so that what was found and what was needed have their sides."""
    assert parse("18 <= months") == parse("months >= 18")


def test_and_binds_closer_than_or() -> None:
    """As everywhere."""
    assert parse("a > 1 or b > 2 and c > 3") == parse("a > 1 or (b > 2 and c > 3)")


def test_not_binds_closer_than_and() -> None:
    """As everywhere."""
    assert parse("not a > 1 and b > 2") == Joined("and", (Not(parse("a > 1")), parse("b > 2")))


def test_a_list_of_texts_is_read() -> None:
    """Industries come in lists; both kinds of quotes are allowed."""
    assert parse("""industry not in ["C", '批发']""") == Comparison(
        Name("industry"), "not in", (Literal("C"), Literal("批发"))
    )


def test_a_share_of_another_fact_is_read() -> None:
    """Amounts are bounded by turnover in nearly every policy."""
    rule = parse("amount_fen <= 0.3 * sales_12m")
    assert [name.name for name in names(rule)] == ["amount_fen", "sales_12m"]


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 1, "a name, a number or a text"),
        ("months >=", 10, "the end of the rule"),
        ("months > 1 2", 12, "`and`, `or` or the end"),
        ("months = 3", 8, "'='"),
        ("(months > 1", 12, "`)`"),
        ("3 > 2", 1, "name of a fact"),
        ("industry in []", 14, "a name, a number"),
        ("__import__('os')", 11, "one of > >="),
        ("months.real > 1", 7, "'.'"),
        ("a > 1 and", 10, "the end of the rule"),
        ("信用 > 1 && b > 1", 8, "'&'"),
        ("a > 12abc", 5, "'1'"),
        ('industry == ""', 13, "'\"'"),
        ("a > 1__0", 5, "'1'"),
        ("a > 1_", 5, "'1'"),
        ("a > " + "9" * 400, 5, "No number"),
        ("a <= -" + "9" * 400 + ".5 * b", 6, "No number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, position: int, says: str) -> None:
    """Positions count characters from 1, Chinese ones as one."""
    with pytest.raises(RuleUnreadable) as refusal:
        parse(text)
    assert refusal.value.members["position"] == position
    assert says in refusal.value.detail


@pytest.mark.parametrize("text", ["(" * 500 + "a > 1", "not " * 400 + "a > 1", "a > 1 or " * 120 + "a > 1"])
def test_a_rule_that_nobody_can_read_is_refused(text: str) -> None:
    """Neither depth nor length can exhaust the reader."""
    with pytest.raises(RuleUnreadable):
        parse(text)


@given(st.text(alphabet="ab1_.>=<!()[]\"'*, \nandorti中", max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    """No input crashes the reader, and a place always lies in the text or just behind it."""
    try:
        parse(text)
    except RuleUnreadable as refusal:
        assert 1 <= refusal.members["position"] <= len(text) + 1  # noqa: PT017 -- it need not be refused
