"""Which products an enterprise may have, and the trace of every condition: rule, found, needed, passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.expression import Comparison, Expression, Literal, Name
from services.matching.domain.facts import Fact, Facts, Need, columns_of, columns_of_row
from services.matching.domain.predicate import Marks, Predicate, Truth, predicate
from services.matching.domain.product import Product, Rule, Used
from services.matching.domain.vocabulary import FROM_THE_SCORE

# So many firms at a time that the columns in work stay in the processor's cache.
FIRMS_AT_ONCE = 8_192
SCORE_AVAILABLE: dict[str, Any] = {
    "id": "score-available",
    "expression": "score available",
    "title": {"zh": "需有信用评分", "en": "A score is available"},
}


@dataclass(frozen=True, slots=True)
class Check:
    """One condition asked of one enterprise, and the answer.

    `found` and `needed` are the two sides as compared; for a joined rule, every fact asked and the rule itself. A fact
    that is not known is listed in `unknown` and makes `found` None: what is unknown never passes for good.
    """

    rule: Rule
    found: Any
    needed: Any
    passed: bool
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelved:
    """A product with its conditions, each with the number of its predicate on the shelf."""

    product: Product
    conditions: tuple[tuple[Rule, int], ...]
    rules: tuple[Rule, ...]


class Shelf:
    """Products compiled once, to be asked about any number of enterprises.

    The same condition in several products is compiled and answered once. It can be sent to another process, which
    compiles them anew from its `stock`: all that it was made from.
    """

    def __init__(
        self,
        products: Sequence[Product],
        on: date,
        *,
        kind_matters: bool,
        used: Mapping[str, Used] | None = None,
    ) -> None:
        self.on = on
        taken = used or {}
        self.stock = (tuple(products), on, kind_matters, taken)
        self.marks = Marks()
        self.predicates: list[Predicate] = []
        numbers: dict[Expression, int] = {}
        names: dict[str, None] = {}
        self.items = tuple(
            Shelved(product, tuple((rule, self._number(rule, numbers, names)) for rule in rules), rules)
            for product in products
            for rules in [product.conditions(on, kind_matters=kind_matters, used=taken.get(product.id))]
        )
        self.names = tuple(names)

    def __reduce__(self) -> tuple[Callable[..., Shelf], tuple[object, ...]]:
        """Return how another process makes the same."""
        return _stocked, self.stock

    def _number(self, rule: Rule, numbers: dict[Expression, int], names: dict[str, None]) -> int:
        known = numbers.get(rule.parsed)
        if known is not None:
            return known
        names.update(dict.fromkeys(rule.names))
        self.predicates.append(predicate(rule.parsed, self.marks))
        return numbers.setdefault(rule.parsed, len(self.predicates) - 1)

    def truths(self, facts: Facts, need: Need) -> list[Truth]:
        """Return whether each distinct condition holds: a bool for one enterprise, a column of them for several."""
        columns = columns_of(facts.frame, self.names, need, self.marks)
        return [ask(columns) for ask in self.predicates]

    def broken(self, item: Shelved, row: Mapping[str, Fact], touched: set[str]) -> list[Rule]:
        """Return the conditions of one product that ask one of the touched facts and do not hold on this row."""
        return [
            rule
            for rule, number in item.conditions
            if not touched.isdisjoint(rule.names)
            and not self.predicates[number](columns_of_row(row, rule.names, self.marks))
        ]

    def eligible(self, facts: Facts, need: Need) -> NDArray[np.bool_]:
        """Return enterprises × products: who may have what. A byte a pair."""
        answer = np.ones((len(self.items), len(facts)), dtype=bool)
        for start in range(0, len(facts), FIRMS_AT_ONCE):
            part = facts.slice(start, FIRMS_AT_ONCE)
            truths = self.truths(part, need)
            for column, item in zip(answer[:, start : start + len(part)], self.items, strict=True):
                for _, number in item.conditions:
                    np.logical_and(column, truths[number], out=column)
        return answer.T


def _stocked(products: Sequence[Product], on: date, kind_matters: bool, used: Mapping[str, Used]) -> Shelf:
    return Shelf(products, on, kind_matters=kind_matters, used=used)


def checks(item: Shelved, passed: Sequence[bool], facts: Mapping[str, Fact], *, wanted: bool) -> tuple[Check, ...]:
    """Return the conditions of one product that an enterprise passed (`wanted`) or failed, each with its trace.

    `passed` goes by number of predicate; `facts` are as they came.
    """
    return tuple(check(rule, wanted, facts) for rule, number in item.conditions if passed[number] is wanted)


def check(rule: Rule, passed: bool, facts: Mapping[str, Fact]) -> Check:
    """Return one line of a trace."""
    facts = {**facts, **rule.known} if rule.known else facts
    unknown = tuple([name for name in rule.names if facts.get(name) is None])
    found, needed = _sides(rule, facts)
    return Check(rule, found, needed, passed, unknown)


def score_missing(failed: Sequence[Check]) -> Check | None:
    """Return the reason behind failed rules that ask for a score where there is none, to be named before them."""
    asking = next((line.rule for line in failed if FROM_THE_SCORE.intersection(line.unknown)), None)
    if asking is None:
        return None
    return Check(replace(asking, **SCORE_AVAILABLE), None, "available", passed=False, unknown=("score",))


def _sides(rule: Rule, facts: Mapping[str, Fact]) -> tuple[Any, Any]:
    comparison = rule.parsed
    if not isinstance(comparison, Comparison):
        return {name: facts.get(name) for name in rule.names}, rule.expression
    left, needed = _scaled(comparison.left, facts), _needed(comparison, facts)
    return (None if needed is None else left), needed


def _needed(comparison: Comparison, facts: Mapping[str, Fact]) -> Any:
    if isinstance(comparison.right, tuple):
        return [literal.value for literal in comparison.right]
    if isinstance(comparison.right, Literal):
        return comparison.right.value
    return _scaled(comparison.right, facts)


def _scaled(name: Name, facts: Mapping[str, Fact]) -> Fact:
    value = facts.get(name.name)
    if name.factor == 1 or value is None or isinstance(value, str):
        return value
    return value * name.factor
