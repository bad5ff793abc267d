"""What a firm can move, and its quickest moves that make conditions hold.

Features move the way and at the pace that the profile's catalogue declares, all side by side, within twelve months;
none against what the score rewards, and nothing immutable. Combinations of moves are tried, not solved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from math import ceil, floor
from typing import Any

from services.matching.domain.expression import FLIPPED, Comparison, Expression, Joined, Literal, Name, Not
from services.matching.domain.facts import Fact
from services.matching.domain.predicate import COMPARE, OPPOSITE
from services.matching.domain.product import Rule
from services.matching.domain.vocabulary import HIERARCHIES, SCALES, WORDS

MOST_MONTHS = 12
MOST_WAYS = 8  # ways to meet one part of a rule that are looked at
MOST_TRIED = 64  # combinations of ways that are tried
ROUNDS = 3  # a move may break another rule, which is then met too
# Where the catalogue declares no pace, ours: amounts and counts may double in a year, a share moves by five points and
# a silence ends by thirty days a month.
USUAL_PACE = {"ratio": 0.05, "month": 1.0, "day": 30.0, "per-month": 0.005}
GRAIN = {"fen": 10_000.0, "ratio": 0.001, "month": 1.0, "day": 1.0, "count": 1.0, "per-month": 0.001}
Holds = Callable[[Mapping[str, Fact], Iterable[str]], Sequence[Rule]]


@dataclass(frozen=True, slots=True)
class Lever:
    """One feature that a firm can move: `sign` +1 raises it; `pace` a month, None where none is declared."""

    fact: str
    sign: int
    pace: float | None
    unit: str
    title: Mapping[str, str]

    def pace_from(self, value: float) -> float:
        """Return how far the firm can move it in a month."""
        if self.pace is not None:
            return self.pace
        grain = GRAIN.get(self.unit, 0.001)
        return USUAL_PACE.get(self.unit) or max(abs(value), grain * MOST_MONTHS) / MOST_MONTHS


@dataclass(frozen=True, slots=True)
class Move:
    """One fact brought to a value, in so many months."""

    fact: str
    value: Fact
    months: int


Way = tuple[Move, ...]


def levers_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Lever]:
    """Return the levers that a feature catalogue declares, by feature.

    One that would move against the direction which the score rewards is none: it could cost points elsewhere.
    """
    found = {}
    for entry in entries:
        sign = {"raise": 1, "lower": -1}.get(entry.get("actionable", "immutable"), 0)
        if sign and sign * entry.get("direction", 0) < 0:
            name = entry["name"]
            found[name] = Lever(name, sign, entry.get("pace_per_month"), entry["unit"], entry["title"])
    return found


@dataclass(frozen=True, slots=True)
class Moves:
    """Where a firm stands, what it can move, and `broken`: which conditions do not hold on moved facts."""

    start: Mapping[str, Fact]
    levers: Mapping[str, Lever]
    broken: Holds

    def quickest(self, failed: Sequence[Rule], now: Mapping[str, Fact], rounds: int = ROUNDS) -> Way:
        """Return the firm's quickest moves found that make every condition hold; none where none were found.

        A move may break another condition, which is then met in a further round.
        """
        ways = []
        for rule in failed:
            found = self.ways(rule.parsed, now)
            if not found:
                return ()
            ways.append(sorted(found, key=_length) if len(found) > 1 else found)
        tried = (_merged(tuple(chain.from_iterable(each))) for each in islice(product(*ways), MOST_TRIED))
        for way in sorted(tried, key=_length):
            if not way:
                continue
            moved = {**now, **{move.fact: move.value for move in way}}
            still = self.broken(moved, [move.fact for move in way])
            if not still:
                return way
            further = self.quickest(still, moved, rounds - 1) if rounds > 1 else ()
            if further:
                return _merged((*way, *further))
        return ()

    def ways(self, rule: Expression, now: Mapping[str, Fact], *, holds: bool = True) -> list[Way]:
        """Return the firm's ways to make an expression hold, each a tuple of moves; an empty one where it holds now."""
        if isinstance(rule, Not):
            return self.ways(rule.operand, now, holds=not holds)
        if isinstance(rule, Joined):
            return self._joined(rule, now, holds=holds)
        return self._compared(rule, rule.operator if holds else OPPOSITE[rule.operator], now)

    def _joined(self, rule: Joined, now: Mapping[str, Fact], *, holds: bool) -> list[Way]:
        every = (rule.word == "and") is holds
        each = []
        for operand in rule.operands:
            found = self.ways(operand, now, holds=holds)
            if every and not found:
                return []
            each.append(found)
        if every:
            return [tuple(chain.from_iterable(parts)) for parts in islice(product(*each), MOST_WAYS)]
        return [way for part in each for way in part]

    def _compared(self, rule: Comparison, sign: str, now: Mapping[str, Fact]) -> list[Way]:
        left, right = rule.left, rule.right
        if left.name in WORDS or left.name in SCALES:
            return self._word(rule, sign, now)
        if isinstance(right, tuple):
            parts = tuple(Comparison(left, "==", item) for item in right)
            return self.ways(Joined("or", parts), now, holds=sign == "in")
        sides = (_side(left, now), right.value if isinstance(right, Literal) else _side(right, now))
        if not isinstance(sides[0], int | float) or not isinstance(sides[1], int | float):
            return []
        if COMPARE[sign](*sides):
            return [()]
        found = [self._reach(left, sides[1], sign)]
        if isinstance(right, Name):
            found.append(self._reach(right, sides[0], FLIPPED[sign]))
        return [(move,) for move in found if move is not None]

    def _word(self, rule: Comparison, sign: str, now: Mapping[str, Fact]) -> list[Way]:
        value = now.get(rule.left.name)
        literals = rule.right if isinstance(rule.right, tuple) else (rule.right,)
        wanted = [literal.value for literal in literals if isinstance(literal, Literal)]
        return [()] if value is not None and _word_holds(rule.left.name, sign, value, wanted) else []

    def _reach(self, name: Name, side: float, sign: str) -> Move | None:
        """Return the move of one lever to where a comparison holds; None where that is not its way, or too far."""
        lever, start = self.levers.get(name.name), self.start.get(name.name)
        if lever is None or name.factor <= 0 or not isinstance(start, int | float):
            return None
        upwards = lever.sign > 0 if sign in ("==", "!=") else sign in (">", ">=")
        if (lever.sign > 0) is not upwards:
            return None
        if sign == "==":
            value: float = side / name.factor
        else:
            strict = sign in (">", "<", "!=")
            value = _grain(side / name.factor, GRAIN.get(lever.unit, 0.001), upwards, strict=strict)
        if (value - start) * lever.sign <= 0 or not _within(lever, value):
            return None
        months = max(ceil(abs(value - start) / lever.pace_from(start) - 1e-9), 1)
        return Move(name.name, value, months) if months <= MOST_MONTHS else None


def _merged(way: Way) -> Way:
    """Return moves with one a fact, the longer of two: both go its lever's way, so it reaches both."""
    moves: dict[str, Move] = {}
    for move in way:
        moves[move.fact] = _farther(moves.get(move.fact), move)
    return tuple(moves.values())


def _farther(before: Move | None, move: Move) -> Move:
    return before if before is not None and before.months > move.months else move


def _side(name: Name, now: Mapping[str, Fact]) -> Any:
    value = now.get(name.name)
    return value * name.factor if isinstance(value, int | float) else None


def _word_holds(name: str, sign: str, value: Fact, wanted: Sequence[Any]) -> bool:
    if name in SCALES:
        scale = SCALES[name]
        ranks = [scale.index(each) for each in wanted if each in scale]
        at = scale.index(str(value)) if value in scale else -1
        return at in ranks if sign == "in" else at not in ranks if sign == "not in" else COMPARE[sign](at, ranks[0])
    has = any(str(value).startswith(str(each)) if name in HIERARCHIES else value == each for each in wanted)
    return has is (sign in ("==", "in"))


def _grain(value: float, grain: float, upwards: bool, *, strict: bool) -> int | float:
    steps = value / grain
    whole = ceil(steps - 1e-9) if upwards else floor(steps + 1e-9)
    if strict and abs(whole - steps) < 1e-9:
        whole += 1 if upwards else -1
    exact = round(whole * grain, 9)
    return int(exact) if float(exact).is_integer() else exact


def _within(lever: Lever, value: float) -> bool:
    """Tell whether a fact can be that at all: a share at most 1, no more months than the window, whole counts."""
    if lever.unit == "month" and lever.fact.endswith(("_12m", "_24m", "_36m")) and "active" in lever.fact:
        return value <= int(lever.fact[-3:-1]) and float(value).is_integer()
    return abs(value) <= 1 if lever.unit == "ratio" else True


def _length(way: Way) -> tuple[int, int, int]:
    return max((move.months for move in way), default=0), sum(move.months for move in way), len(way)
