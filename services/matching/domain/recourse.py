"""What would open a refused product: the need changed, or the firm, or both, each plan certified by the rules.

A plan moves the amount or term asked for at once, and features of the firm the way and at the pace that the profile's
catalogue declares, all side by side, within twelve months. Whatever else is asked is taken to stay as it is, the score
too: every move goes the way that the score rewards, so it cannot fall by it. Nothing immutable is ever proposed. A plan
counts only if every condition of the product that a moved fact touches holds on the moved facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import ceil, floor
from typing import Any

from services.matching.domain.expression import Comparison, Expression, Joined, Literal, Name, Not
from services.matching.domain.facts import Fact
from services.matching.domain.predicate import COMPARE, OPPOSITE
from services.matching.domain.product import Rule
from services.matching.domain.vocabulary import FROM_THE_SCORE, SCALES, WORDS

MOST_MONTHS = 12
MOST_WAYS = 8  # ways to meet one rule that are looked at
ROUNDS = 3  # a move may break another rule, which is then met too
# Where the catalogue declares no pace, ours: amounts and counts may double in a year, a share moves by five points and
# a silence ends by thirty days a month.
USUAL_PACE = {"ratio": 0.05, "month": 1.0, "day": 30.0, "per-month": 0.005}
GRAIN = {"fen": 10_000.0, "ratio": 0.001, "month": 1.0, "day": 1.0, "count": 1.0, "per-month": 0.001}
NEED_UNITS = {"amount_fen": "fen", "months": "month"}
NEED_TITLES = {
    "amount_fen": {"zh": "申请金额", "en": "Amount asked for"},
    "months": {"zh": "申请期限", "en": "Term asked for"},
    "kind": {"zh": "融资类型", "en": "Kind of financing"},
}
NEED, FIRM, BOTH = "need", "firm", "both"
Reason = Mapping[str, str]
Holds = Callable[[Mapping[str, Fact], Iterable[str]], Sequence[Rule]]
UNKNOWN: Reason = {"zh": "该项数据未知，请先补充数据", "en": "It is not known; add the data first"}
BY_SCORE: Reason = {
    "zh": "取决于信用评分，见评分的提升路径（POST /v1/scores/{id}/recourse）",
    "en": "It follows from the score; ask for the score's own way up (POST /v1/scores/{id}/recourse)",
}
BY_DEPTH: Reason = {"zh": "需要更完整的数据来源", "en": "More sources of data are needed"}
FIXED: Reason = {"zh": "该项不可改变", "en": "It cannot be changed"}
TOO_FAR: Reason = {"zh": f"{MOST_MONTHS} 个月内无法达到", "en": f"Not within {MOST_MONTHS} months"}
PRICED: Reason = {
    "zh": "取决于风险、成本与利率上限：违约概率降低后可再试",
    "en": "It follows from risk, cost and the cap: less of a probability of default lowers it",
}
USED_UP: Reason = {"zh": "产品名额或额度已用完", "en": "The product is used up"}
CONTRARY: Reason = {"zh": "各项条件无法同时满足", "en": "The conditions cannot be met together"}


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


@dataclass(frozen=True, slots=True)
class Change:
    """One fact to be brought from what it is to what it must be."""

    fact: str
    title: Mapping[str, str]
    found: Fact
    needed: Fact
    within_months: int


@dataclass(frozen=True, slots=True)
class OpeningPlan:
    """Changes that together open the product."""

    kind: str
    changes: tuple[Change, ...]

    @property
    def within_months(self) -> int:
        """How long the plan takes: all changes run side by side."""
        return max(change.within_months for change in self.changes)


@dataclass(frozen=True, slots=True)
class Recourse:
    """The plans that open a product, or what bars the way: rule by rule, with the reason."""

    plans: tuple[OpeningPlan, ...]
    blocked: tuple[tuple[Rule, Reason], ...]


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


def recourse(failed: Sequence[Rule], facts: Mapping[str, Fact], levers: Mapping[str, Lever], broken: Holds) -> Recourse:
    """Find what opens a product: by the need alone, by the firm alone, else by both.

    `broken(facts, names)` returns the product's conditions that touch one of these names and do not hold.
    """
    search = Search(facts, levers)
    ways = [search.ways(rule.parsed, facts, BOTH) for rule in failed]
    blocked = tuple((rule, search.why_not(rule)) for rule, found in zip(failed, ways, strict=True) if not found)
    if blocked:
        return Recourse((), blocked)
    plans = [plan for kind in (NEED, FIRM) if (plan := search.plan(kind, ways, broken)) is not None]
    if not plans and (plan := search.plan(BOTH, ways, broken)) is not None:
        plans = [plan]
    return Recourse(tuple(plans), () if plans else tuple((rule, CONTRARY) for rule in failed))


@dataclass(frozen=True, slots=True)
class Search:
    """What the firm and its need are now, and what may be moved."""

    start: Mapping[str, Fact]
    levers: Mapping[str, Lever]

    def plan(self, kind: str, ways: Sequence[Sequence[Way]], broken: Holds) -> OpeningPlan | None:
        """Return the moves of one kind that make every condition hold, None where there are none.

        `ways` are those of each rule that does not hold now, of any kind.
        """
        moved: dict[str, Fact] = dict(self.start)
        moves: dict[str, Move] = {}
        for _ in range(ROUNDS):
            for found in ways:
                fitting = [way for way in found if all(_is_of(kind, move) for move in way)]
                if not fitting:
                    return None
                for move in min(fitting, key=_length):
                    farther = _farther(moves.get(move.fact), move)
                    moves[move.fact], moved[move.fact] = farther, farther.value
            still = broken(moved, moves) if moves else ()
            if not still:
                return OpeningPlan(kind, tuple(map(self._change, moves.values()))) if moves else None
            ways = [self.ways(rule.parsed, moved, kind) for rule in still]
        return None

    def ways(self, rule: Expression, now: Mapping[str, Fact], kind: str, *, holds: bool = True) -> list[Way]:
        """Return the ways to make an expression hold, each a tuple of moves; an empty one where it holds now."""
        if isinstance(rule, Not):
            return self.ways(rule.operand, now, kind, holds=not holds)
        if isinstance(rule, Joined):
            each = [self.ways(operand, now, kind, holds=holds) for operand in rule.operands]
            if (rule.word == "and") is holds:
                return [tuple(m for part in parts for m in part) for parts in islice(product(*each), MOST_WAYS)]
            return [way for part in each for way in part]
        return self._compared(rule, rule.operator if holds else OPPOSITE[rule.operator], now, kind)

    def why_not(self, rule: Rule) -> Reason:
        """Return why no way leads to a rule."""
        names = set(rule.names)
        if "quota_left" in names or rule.id == "terms.budget":
            return USED_UP
        if rule.id == "terms.cost":
            return PRICED
        if names & FROM_THE_SCORE:
            return BY_SCORE
        if any(self.start.get(name) is None for name in names):
            return UNKNOWN
        if "depth" in names:
            return BY_DEPTH
        return TOO_FAR if names & self.levers.keys() else FIXED

    def _change(self, move: Move) -> Change:
        title = self.levers[move.fact].title if move.fact in self.levers else NEED_TITLES[move.fact]
        return Change(move.fact, title, self.start.get(move.fact), move.value, move.months)

    def _compared(self, rule: Comparison, sign: str, now: Mapping[str, Fact], kind: str) -> list[Way]:
        left, right = rule.left, rule.right
        if left.name in WORDS or left.name in SCALES or isinstance(right, tuple):
            return self._word(rule, sign, now, kind)
        sides = (_side(left, now), right.value if isinstance(right, Literal) else _side(right, now))
        if not isinstance(sides[0], int | float) or not isinstance(sides[1], int | float):
            return []
        if COMPARE[sign](*sides):
            return [()]
        if sign in ("==", "!="):
            return []
        found = [self._reach(left, sides[1], sign, now, kind)]
        if isinstance(right, Name):
            back = {">": "<", ">=": "<=", "<": ">", "<=": ">="}[sign]
            found.append(self._reach(right, sides[0], back, now, kind))
        return [(move,) for move in found if move is not None]

    def _word(self, rule: Comparison, sign: str, now: Mapping[str, Fact], kind: str) -> list[Way]:
        name, value = rule.left.name, now.get(rule.left.name)
        literals = rule.right if isinstance(rule.right, tuple) else (rule.right,)
        wanted = [literal.value for literal in literals if isinstance(literal, Literal)]
        if value is not None and _word_holds(name, sign, value, wanted):
            return [()]
        may = name == "kind" and kind != FIRM and value is not None and sign in ("==", "in")
        return [(Move(name, wanted[0], 0),)] if may else []

    def _reach(self, name: Name, side: float, sign: str, now: Mapping[str, Fact], kind: str) -> Move | None:
        fact, start = name.name, self.start.get(name.name)
        asked = fact in NEED_UNITS
        lever, upwards = self.levers.get(fact), sign in (">", ">=")
        if name.factor <= 0 or not isinstance(start, int | float) or kind == (FIRM if asked else NEED):
            return None
        if not asked and (lever is None or (lever.sign > 0) != upwards):
            return None
        unit = NEED_UNITS[fact] if lever is None else lever.unit
        value = _grain(side / name.factor, GRAIN.get(unit, 0.001), upwards, strict=sign in (">", "<"))
        if not _within(fact, unit, value):
            return None
        months = 0 if lever is None else max(ceil(abs(value - start) / lever.pace_from(start) - 1e-9), 1)
        return Move(fact, value, months) if months <= MOST_MONTHS else None


def _is_of(kind: str, move: Move) -> bool:
    return kind == BOTH or (move.fact in NEED_TITLES) is (kind == NEED)


def _farther(before: Move | None, move: Move) -> Move:
    """Return the longer of two moves of one feature: both go its lever's way, so it reaches both."""
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
    if isinstance(value, int | float):
        has = value in wanted
    else:
        has = any(
            str(value).startswith(str(each)) if name in ("industry", "region") else value == each for each in wanted
        )
    return has is (sign in ("==", "in"))


def _grain(value: float, grain: float, upwards: bool, *, strict: bool) -> int | float:
    steps = value / grain
    whole = ceil(steps - 1e-9) if upwards else floor(steps + 1e-9)
    if strict and abs(whole - steps) < 1e-9:
        whole += 1 if upwards else -1
    exact = round(whole * grain, 9)
    return int(exact) if float(exact).is_integer() else exact


def _within(fact: str, unit: str, value: float) -> bool:
    """Tell whether a fact can be that at all: a need above 0, a share at most 1, no more months than the window."""
    if fact in NEED_UNITS:
        return value > 0
    if unit == "month" and fact.endswith(("_12m", "_24m", "_36m")) and "active" in fact:
        return value <= int(fact[-3:-1])
    return abs(value) <= 1 if unit == "ratio" else True


def _length(way: Way) -> tuple[int, int, int]:
    return max((move.months for move in way), default=0), sum(move.months for move in way), len(way)
