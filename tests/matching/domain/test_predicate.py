"""Rules in action: an unknown fact never passes, one firm and many get the same answers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.expression import Comparison, Expression, Joined, Literal, Name, Not, parse
from services.matching.domain.facts import Need, columns_of
from services.matching.domain.predicate import Marks, predicate

NEED = Need(1, 1)
NUMBERS = st.sampled_from([-1, 0, 1, 2])
OPERATORS = st.sampled_from([">", ">=", "<", "<=", "==", "!="])
TERMS = st.builds(Name, st.sampled_from("abc"), NUMBERS)
LEAVES = st.one_of(
    st.builds(Comparison, TERMS, OPERATORS, st.one_of(st.builds(Literal, NUMBERS), TERMS)),
    st.builds(
        Comparison,
        TERMS,
        st.sampled_from(["in", "not in"]),
        st.lists(st.builds(Literal, NUMBERS), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        Comparison,
        st.just(Name("industry")),
        st.sampled_from(["==", "!="]),
        st.builds(Literal, st.sampled_from(["C", "C13", "F"])),
    ),
    st.builds(
        Comparison,
        st.just(Name("depth")),
        OPERATORS,
        st.builds(Literal, st.sampled_from("ABCDE")),
    ),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
FIRM = st.fixed_dictionaries(
    {
        **{name: st.one_of(st.none(), NUMBERS.map(float)) for name in "abc"},
        "industry": st.sampled_from([None, "C", "C13", "C2", "F51"]),
        "depth": st.sampled_from([None, *"ABCDE"]),
    }
)


def kleene(rule: Expression, firm: dict[str, Any]) -> bool | None:
    """Kleene's strong three-valued logic, written plainly: the oracle. None is unknown."""
    if isinstance(rule, Not):
        inner = kleene(rule.operand, firm)
        return None if inner is None else not inner
    if isinstance(rule, Joined):
        truths = [kleene(operand, firm) for operand in rule.operands]
        decisive = rule.word == "or"
        return decisive if decisive in truths else None if None in truths else not decisive
    return compared(rule, firm)


def compared(rule: Comparison, firm: dict[str, Any]) -> bool | None:
    left = side(rule.left, firm)
    if isinstance(rule.right, tuple):
        if left is None:
            return None
        found = left in [literal.value for literal in rule.right]
        return found if rule.operator == "in" else not found
    right = side(rule.right, firm)
    if left is None or right is None:
        return None
    if rule.left.name == "industry":
        return left.startswith(right) is (rule.operator == "==")
    if rule.left.name == "depth":
        left, right = -ord(left), -ord(right)
    return bool(eval(f"left {rule.operator} right"))  # noqa: S307 -- Python itself is the oracle


def side(term: Name | Literal, firm: dict[str, Any]) -> Any:
    if isinstance(term, Literal):
        return term.value
    value = firm[term.name]
    return value if value is None or isinstance(value, str) else value * term.factor


@given(EXPRESSIONS, st.lists(FIRM, min_size=2, max_size=5))
def test_a_rule_holds_exactly_where_three_valued_logic_is_certain(
    rule: Expression, firms: list[dict[str, Any]]
) -> None:
    """Many at once and each alone both agree with the oracle; unknown counts as not passed."""
    marks = Marks()
    ask = predicate(rule, marks)
    schema = {**dict.fromkeys("abc", pl.Float64), "industry": pl.String, "depth": pl.String}
    frame = pl.DataFrame(firms, schema=schema)
    expected = [kleene(rule, firm) is True for firm in firms]
    together = ask(columns_of(frame, frame.columns, NEED, marks))
    alone = [bool(ask(columns_of(frame[i], frame.columns, NEED, marks))) for i in range(len(firms))]
    assert np.broadcast_to(together, len(firms)).tolist() == expected
    assert alone == expected


@pytest.mark.parametrize(
    "text", ["a >= 3", "not a >= 3", "a != 3", "not a in [3]", "a not in [3]", "not (a < 3 and a > 5)"]
)
def test_an_unknown_fact_never_passes_plainly_nor_negated(text: str) -> None:
    """NaN is how an unknown number arrives."""
    assert not predicate(parse(text), Marks())({"a": math.nan})
    assert not predicate(parse(text), Marks())({})


def test_an_unknown_fact_does_not_spoil_an_alternative_that_holds() -> None:
    """Knowing one side of an `or` is enough."""
    assert predicate(parse("a > 3 or b > 1"), Marks())({"b": 2.0})


def test_a_better_grade_is_greater() -> None:
    """`grade >= "BB"` reads: BB or better."""
    marks = Marks()
    ask = predicate(parse('grade >= "BB"'), marks)
    frame = pl.DataFrame({"grade": ["AAA", "AA+", "BB", "B", "D", None, "nonsense"]})
    assert np.asarray(ask(columns_of(frame, ["grade"], NEED, marks))).tolist() == [True] * 3 + [False] * 4


def test_a_class_covers_what_lies_under_it() -> None:
    """Section C of GB/T 4754 covers division C13; a region's code begins with its province's."""
    marks = Marks()
    ask = predicate(parse('industry in ["C"] and region == "33"'), marks)
    frame = pl.DataFrame({"industry": ["C13", "F51", "C13"], "region": ["330106", "330106", "110105"]})
    assert np.asarray(ask(columns_of(frame, frame.columns, NEED, marks))).tolist() == [True, False, False]
