"""Rules made callable: one form that answers for one enterprise (numbers) and for many at once (columns).

Unknown is NaN. A negation is pushed down to the comparisons when a rule is compiled (`not a >= 3` becomes `a < 3`), and
every comparison with NaN is false. So a rule holds only where it is certain to hold, which is Kleene's three-valued
logic without a third value: an unknown fact never passes a rule, neither plainly nor under `not`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.expression import Comparison, Expression, Joined, Literal, Name, Not
from services.matching.domain.vocabulary import SCALES, WORDS

Value = float | NDArray[np.float64]
Truth = bool | NDArray[np.bool_]
Columns = Mapping[str, Value]
Predicate = Callable[[Columns], Truth]

RANKS = {name: {text: float(rank) for rank, text in enumerate(scale)} for name, scale in SCALES.items()}
OPPOSITE = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "==", "in": "not in", "not in": "in"}


class Marks:
    """The texts that rules speak of, each made a column of its own: 1 where an enterprise has it, 0 where not.

    So texts are compared as quickly as numbers. `industry == "C"` marks C13 too, see `HIERARCHIES`.
    """

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {name: [] for name in WORDS}

    def learn(self, name: str, text: str) -> str:
        """Note that a rule speaks of this text; return the name of its column."""
        if text not in self._texts[name]:
            self._texts[name].append(text)
        return mark(name, text)

    def of(self, name: str) -> list[str]:
        """Return every text that rules speak of under this name."""
        return self._texts[name]


def mark(name: str, text: str) -> str:
    """Return the name of a text's column; no fact has a space in its name."""
    return f"{name} {text}"


def differs(left: Any, right: Any) -> Any:
    """Compare by `!=`, but false for NaN: an unknown value is not known to differ."""
    return (left < right) | (left > right)


COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": differs,
}


def predicate(expression: Expression, marks: Marks, *, holds: bool = True) -> Predicate:
    """Compile an expression, or with `holds=False` its opposite."""
    if isinstance(expression, Not):
        return predicate(expression.operand, marks, holds=not holds)
    if isinstance(expression, Joined):
        parts = tuple(predicate(operand, marks, holds=holds) for operand in expression.operands)
        return _all(parts) if (expression.word == "and") is holds else _any(parts)
    return _comparison(expression, marks, expression.operator if holds else OPPOSITE[expression.operator])


def _all(parts: tuple[Predicate, ...]) -> Predicate:
    def every(columns: Columns) -> Truth:
        truth = parts[0](columns)
        for part in parts[1:]:
            truth = truth & part(columns)
        return truth

    return every


def _any(parts: tuple[Predicate, ...]) -> Predicate:
    def some(columns: Columns) -> Truth:
        truth = parts[0](columns)
        for part in parts[1:]:
            truth = truth | part(columns)
        return truth

    return some


def _comparison(comparison: Comparison, marks: Marks, sign: str) -> Predicate:
    left, right = comparison.left, comparison.right
    if isinstance(right, tuple):
        one = "==" if sign == "in" else "!="
        parts = tuple(_with_literal(left, one, item, marks) for item in right)
        return _any(parts) if sign == "in" else _all(parts)
    if isinstance(right, Literal):
        return _with_literal(left, sign, right, marks)
    return _with_name(left, COMPARE[sign], right)


def _with_literal(left: Name, sign: str, literal: Literal, marks: Marks) -> Predicate:
    compare, name, factor = COMPARE[sign], left.name, left.factor
    if name in WORDS:
        column = marks.learn(name, str(literal.value))
        return lambda columns: compare(columns.get(column, nan), 1.0)
    constant = RANKS[name][str(literal.value)] if name in RANKS else float(literal.value)
    if factor == 1:
        return lambda columns: compare(columns.get(name, nan), constant)
    return lambda columns: compare(columns.get(name, nan) * factor, constant)


def _with_name(left: Name, compare: Callable[[Any, Any], Truth], right: Name) -> Predicate:
    return lambda columns: compare(
        columns.get(left.name, nan) * left.factor, columns.get(right.name, nan) * right.factor
    )
