"""The needs that a product takes: for each term and kind within its bounds, all amounts that fit.

A need is two whole numbers and a kind. Once term and kind are given, a comparison with the amount on one side turns at
one amount at most, because a product of floats never falls where its factor rises. That amount is found by bisection on
the very predicate that a match asks, so nothing is rounded otherwise than there. Conditions are then unions and
intersections of intervals of whole fen, and the terms are tried one by one: no product has more than 600 months.

So the conditions are solved exactly. What a loan costs is not: by fees of so many fen a year of it costs less the more
is lent, but for the fen that payments and fees are rounded by. The least amount of a term whose cost is borne is
bisected as if there were no such fen, and the cost of the amount chosen is asked: a need that is named bears it, while
one that is nearer may be passed over. Where the cost was asked, no search is called complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan
from typing import Any, Protocol

from services.matching.domain.expression import Comparison, Expression, Joined, Literal, Name, Not, names
from services.matching.domain.facts import Fact, Need, columns_of_row
from services.matching.domain.halving import first_that_holds
from services.matching.domain.predicate import OPPOSITE, Columns, Marks, Predicate, predicate
from services.matching.domain.pricing_budget import Exhausted

AMOUNT, MONTHS, KIND = "amount_fen", "months", "kind"
TERM = frozenset({MONTHS, KIND})
NEED = TERM | {AMOUNT}
# What may be changed together, fewest first.
CHANGES = tuple(frozenset(some) for size in (1, 2, 3) for some in combinations((AMOUNT, MONTHS, KIND), size))
# Comparisons that one search solves at most, each in some microseconds: far above what the product of a bank needs.
MOST_COMPARISONS = 20_000
# No amount is beyond it; floats tell whole fen up to there.
MOST_ABOUT = 1e15
ROUND_FEN = 10_000  # a hundred yuan: an amount is proposed in these where one of them fits
Interval = tuple[int, int]
Intervals = tuple[Interval, ...]
Changed = Mapping[str, Fact]


class Cost(Protocol):
    """What loans cost over all needs of one product."""

    @property
    def by_amount(self) -> bool:
        """Tell whether a larger amount may be borne where a smaller one is not."""

    def bears(self, facts: Mapping[str, Fact]) -> bool:
        """Tell whether the cost is borne for the need among these facts; raise `Exhausted` where no more is priced."""


@dataclass(frozen=True, slots=True)
class NeedBounds:
    """What a product lends at all: amounts in fen and terms in months, both ends included, and its kind."""

    amount_fen: Interval
    months: Interval
    kind: str


@dataclass(frozen=True, slots=True)
class NeedsFound:
    """Needs or changes of one, the best first; `complete` tells that nothing was left out or passed over."""

    items: tuple[Changed, ...]
    complete: bool


class NeedRegion:
    """All needs within a product's bounds that meet some conditions, everything else being as the facts say.

    Comparisons with a fact named in `free` count as met: what they ask may be brought about by other means. `cost`
    is asked what a loan costs, None where that does not turn on amount and term.
    """

    def __init__(
        self,
        conditions: Iterable[Expression],
        facts: Mapping[str, Fact],
        bounds: NeedBounds,
        free: frozenset[str] = frozenset(),
        cost: Cost | None = None,
    ) -> None:
        kind = facts.get(KIND)
        self.start = Need(int(facts[AMOUNT] or 0), int(facts[MONTHS] or 0), None if kind is None else str(kind))
        self.bounds = bounds
        self.free = free
        self.solved = 0
        self._cost = cost
        self._least: dict[int, int | None] = {}
        self._row = dict(facts)
        self._marks = Marks()
        self._compiled: dict[tuple[Comparison, str], tuple[Predicate, frozenset[str]]] = {}
        each = [(condition, _names(condition)) for condition in conditions]
        self._steady = [condition for condition, used in each if not used & TERM]
        # Those that do not ask the amount come first: they cost least, and rule out a term at once.
        turning = sorted((pair for pair in each if pair[1] & TERM), key=lambda pair: AMOUNT in pair[1])
        self._turning = [condition for condition, _ in turning]
        self._always: Intervals | None = None

    def nearest(self) -> NeedsFound:
        """Return the nearest change of the need for each smallest set of what is changed, the nearest of all first.

        Near is the sum of the relative changes of amount and term; another kind counts as one. A set is left out where
        a part of it does by itself.
        """
        found: list[tuple[float, frozenset[str], Changed]] = []
        complete = self._cost is None
        try:
            for changed in CHANGES:
                if not any(fewer <= changed for _, fewer, _ in found):
                    found += self._changed(changed)
        except Exhausted:
            complete = False
        ordered = sorted(found, key=lambda item: item[0])
        return NeedsFound(tuple(change for _, _, change in ordered), complete)

    def landmarks(self) -> NeedsFound:
        """Return the nearest of these needs, one of the least amount and one of the largest; none where none fits."""
        best: dict[str, tuple[float, Changed]] = {}
        complete = self._cost is None
        try:
            for months, kind in self._terms(self._all_months(), dict.fromkeys((self.start.kind, self.bounds.kind))):
                amounts = self.borne(self.amounts(months, kind), months)
                for name, amount in _ends(amounts, self.start.amount_fen):
                    rank = {"nearest": self._distance(amount, months, kind), "least": amount, "most": -amount}[name]
                    if name not in best or rank < best[name][0]:
                        best[name] = rank, {AMOUNT: amount, MONTHS: months, KIND: kind}
        except Exhausted:
            complete = False
        return NeedsFound(tuple(need for _, need in best.values()), complete)

    def amounts(self, months: int, kind: str | None) -> Intervals:
        """Return the amounts that fit with this term and kind, as rising intervals that do not meet."""
        self._row |= {MONTHS: months, KIND: kind}
        found = self._at_any_term()
        for condition in self._turning:
            if not found:
                break
            found = _both(found, self._amounts(condition, holds=True))
        return found

    def borne(self, found: Intervals, months: int) -> Intervals:
        """Return those of these amounts at which the cost of a loan over this term is borne, but for the fen."""
        if self._cost is None or not found:
            return found
        if months not in self._least:
            self._least[months] = self._least_borne(months, by_amount=self._cost.by_amount)
        least = self._least[months]
        return () if least is None else _both(found, ((least, self.bounds.amount_fen[1]),))

    def _least_borne(self, months: int, *, by_amount: bool) -> int | None:
        low, high = self.bounds.amount_fen
        if not self._is_borne(high, months):
            return None
        if not by_amount or self._is_borne(low, months):
            return low
        return first_that_holds(lambda amount: self._is_borne(amount, months), low, high)

    def _is_borne(self, amount: int, months: int) -> bool:
        return self._cost is None or self._cost.bears({**self._row, AMOUNT: amount, MONTHS: months})

    def _amount(self, amounts: Intervals, months: int, *, moves: bool) -> int | None:
        """Return the nearest of these amounts whose cost is borne: the one asked for, where it does not move."""
        asked = self.start.amount_fen
        nearest = _closest(amounts, asked) if moves else asked
        if nearest is None or not _holds(amounts, nearest):
            return None
        if self._is_borne(nearest, months):
            return nearest
        if not moves or self._cost is None or not self._cost.by_amount:
            return None
        larger = _closest(self.borne(amounts, months), asked)
        return larger if larger is not None and self._is_borne(larger, months) else None

    def _changed(self, changed: frozenset[str]) -> list[tuple[float, frozenset[str], Changed]]:
        """Return the nearest need that differs in exactly these, with its distance; none where none fits."""
        start, moves = self.start, AMOUNT in changed
        if not moves and not _holds(self._at_any_term(), start.amount_fen):
            return []
        terms = [each for each in self._all_months() if each != start.months] if MONTHS in changed else [start.months]
        kinds = [each for each in (self.bounds.kind,) if each != start.kind] if KIND in changed else [start.kind]
        best: tuple[float, Changed] | None = None
        for months, kind in self._terms(terms, kinds):
            if best is not None and self._distance(start.amount_fen, months, kind) >= best[0]:
                break
            amounts = self.amounts(months, kind)
            amount = self._amount(amounts, months, moves=moves)
            if amount is None:
                continue
            distance = self._distance(amount, months, kind)
            if best is None or distance < best[0]:
                values: dict[str, Fact] = {AMOUNT: amount, MONTHS: months, KIND: kind}
                best = distance, {name: value for name, value in values.items() if name in changed}
        return [] if best is None else [(best[0], changed, best[1])]

    def _all_months(self) -> range:
        return range(self.bounds.months[0], self.bounds.months[1] + 1)

    def _terms(self, months: Iterable[int], kinds: Iterable[str | None]) -> list[tuple[int, str | None]]:
        """Return terms with kinds, the nearest first."""
        kinds = list(kinds)
        each = [(term, kind) for term in months for kind in kinds]
        return sorted(each, key=lambda pair: self._distance(self.start.amount_fen, *pair))

    def _distance(self, amount: int, months: int, kind: str | None) -> float:
        start = self.start
        moved = abs(amount - start.amount_fen) / max(start.amount_fen, 1) + abs(months - start.months) / max(
            start.months, 1
        )
        return moved + (kind != start.kind)

    def _at_any_term(self) -> Intervals:
        if self._always is None:
            found: Intervals = (self.bounds.amount_fen,)
            for condition in self._steady:
                found = _both(found, self._amounts(condition, holds=True))
            self._always = found
        return self._always

    def _amounts(self, condition: Expression, *, holds: bool) -> Intervals:
        """Return the amounts at which a condition holds, or its opposite; as a predicate is compiled, see there."""
        if isinstance(condition, Not):
            return self._amounts(condition.operand, holds=not holds)
        if isinstance(condition, Joined):
            return self._joined(condition, holds=holds)
        sign = condition.operator if holds else OPPOSITE[condition.operator]
        return self._compared(condition, sign)

    def _joined(self, condition: Joined, *, holds: bool) -> Intervals:
        every = (condition.word == "and") is holds
        found: Intervals = (self.bounds.amount_fen,) if every else ()
        for operand in condition.operands:
            part = self._amounts(operand, holds=holds)
            found = _both(found, part) if every else _either(found, part)
            if not found and every:
                break
        return found

    def _compared(self, comparison: Comparison, sign: str) -> Intervals:
        ask, used = self._predicate(comparison, sign)
        if used & self.free:
            return (self.bounds.amount_fen,)
        if AMOUNT not in used:
            return (self.bounds.amount_fen,) if ask(columns_of_row(self._row, used, self._marks)) else ()
        if isinstance(comparison.right, tuple):
            parts = [Comparison(comparison.left, "==", item) for item in comparison.right]
            return self._joined(Joined("or", tuple(parts)), holds=sign == "in")
        if sign == "==":
            return _both(self._compared(comparison, ">="), self._compared(comparison, "<="))
        if sign == "!=":
            return _either(self._compared(comparison, "<"), self._compared(comparison, ">"))
        return self._turned(comparison, ask, used)

    def _turned(self, comparison: Comparison, ask: Predicate, used: frozenset[str]) -> Intervals:
        """Return where a comparison holds that turns at one amount at most: about where its two sides are equal."""
        columns = dict(columns_of_row(self._row, used, self._marks))

        def holds(amount: int) -> bool:
            columns[AMOUNT] = float(amount)
            return bool(ask(columns))

        low, high = self.bounds.amount_fen
        first = holds(low)
        if first is holds(high):
            return (self.bounds.amount_fen,) if first else ()
        about = _equal_at(comparison, columns)
        before, after = low, high
        for each in (about - 1, about, about + 1):
            if before < each < after:
                before, after = (each, after) if holds(each) is first else (before, each)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if holds(middle) is first else (before, middle)
        return ((low, before),) if first else ((after, high),)

    def _predicate(self, comparison: Comparison, sign: str) -> tuple[Predicate, frozenset[str]]:
        self.solved += 1
        if self.solved > MOST_COMPARISONS:
            raise Exhausted
        key = comparison, sign
        if key not in self._compiled:
            meant = Comparison(comparison.left, sign, comparison.right)
            self._compiled[key] = predicate(meant, self._marks), _names(comparison)
        return self._compiled[key]


def _equal_at(comparison: Comparison, columns: Columns) -> int:
    """Return the amount at which both sides of a comparison are about equal, 0 where none is."""
    own, other = comparison.left, comparison.right
    if own.name != AMOUNT and isinstance(other, Name):
        own, other = other, own
    side: Any = columns.get(other.name, nan) * other.factor if isinstance(other, Name) else _number(other)
    about = side / own.factor if own.factor else nan
    return round(about) if abs(about) < MOST_ABOUT else 0


def _number(other: Literal | tuple[Literal, ...]) -> float:
    return float(other.value) if isinstance(other, Literal) and not isinstance(other.value, str) else nan


def _names(condition: Expression) -> frozenset[str]:
    return frozenset(name.name for name in names(condition))


def _holds(intervals: Intervals, amount: int) -> bool:
    return any(low <= amount <= high for low, high in intervals)


def _both(one: Intervals, other: Intervals) -> Intervals:
    met = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((low, high) for low, high in met if low <= high)


def _either(one: Intervals, other: Intervals) -> Intervals:
    joined: list[Interval] = []
    for low, high in sorted((*one, *other)):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return tuple(joined)


def _ends(amounts: Intervals, wanted: int) -> Iterator[tuple[str, int]]:
    nearest = _closest(amounts, wanted)
    if nearest is not None:
        yield from (("nearest", nearest), ("least", amounts[0][0]), ("most", amounts[-1][1]))


def _closest(intervals: Sequence[Interval], amount: int) -> int | None:
    """Return the amount nearest to this one, a round one where the interval has any; None of none."""
    each = [_within(low, high, amount) for low, high in intervals]
    return min(each, key=lambda one: abs(one - amount), default=None)


def _within(low: int, high: int, amount: int) -> int:
    if amount < low:
        rounded = -(-low // ROUND_FEN) * ROUND_FEN
        return rounded if rounded <= high else low
    if amount > high:
        rounded = high // ROUND_FEN * ROUND_FEN
        return rounded if rounded >= low else high
    return amount
