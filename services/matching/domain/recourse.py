"""What would open a refused product: the need changed, or the firm, or both, each plan certified by the rules.

A plan changes amount, term or kind asked for at once, and moves features of the firm the way and at the pace that the
profile's catalogue declares, all side by side, within twelve months. Whatever else is asked is taken to stay as it is,
the score too: every move goes the way that the score rewards, so it cannot fall by it. Nothing immutable is ever
proposed. A plan counts only if every condition of the product that a moved fact touches holds on the moved facts.

The need is solved exactly (`need_region`). Of the firm's moves, combinations are tried; so where no plan came of it,
the answer says that none was found, and that there is none only where that is proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from math import ceil, floor
from typing import Any

from services.matching.domain.expression import FLIPPED, Comparison, Expression, Joined, Literal, Name, Not
from services.matching.domain.facts import Fact
from services.matching.domain.need_region import NEED, Changed, NeedBounds, NeedRegion, NeedsFound
from services.matching.domain.predicate import COMPARE, OPPOSITE
from services.matching.domain.product import Rule
from services.matching.domain.vocabulary import FROM_THE_SCORE, HIERARCHIES, SCALES, WORDS

MOST_MONTHS = 12
MOST_WAYS = 8  # ways to meet one part of a rule that are looked at
MOST_TRIED = 64  # combinations of ways that are tried
ROUNDS = 3  # a move may break another rule, which is then met too
# Where the catalogue declares no pace, ours: amounts and counts may double in a year, a share moves by five points and
# a silence ends by thirty days a month.
USUAL_PACE = {"ratio": 0.05, "month": 1.0, "day": 30.0, "per-month": 0.005}
GRAIN = {"fen": 10_000.0, "ratio": 0.001, "month": 1.0, "day": 1.0, "count": 1.0, "per-month": 0.001}
NEED_TITLES = {
    "amount_fen": {"zh": "申请金额", "en": "Amount asked for"},
    "months": {"zh": "申请期限", "en": "Term asked for"},
    "kind": {"zh": "融资类型", "en": "Kind of financing"},
}
NEED_ALONE, FIRM, BOTH = "need", "firm", "both"
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
CONTRARY: Reason = {
    "zh": "在产品范围内，没有能同时满足各项条件的金额、期限与融资类型",
    "en": "No amount, term and kind within the product's bounds meets the conditions together",
}
NONE_FOUND: Reason = {
    "zh": "未找到能同时满足各项条件的调整方案",
    "en": "No change was found that meets the conditions together",
}


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


def recourse(
    conditions: Sequence[Rule],
    failed: Sequence[Rule],
    facts: Mapping[str, Fact],
    levers: Mapping[str, Lever],
    broken: Holds,
    bounds: NeedBounds,
) -> Recourse:
    """Find what opens a product: by the need alone, by the firm alone, else by both.

    `conditions` are all that the product asks and `failed` those that do not hold; `broken(facts, names)` returns those
    that touch one of these names and do not hold. A need that meets them is found wherever `bounds` has one, as far as
    `NeedRegion` comes to its end; of the firm's moves so many combinations are tried (`MOST_TRIED`).
    """
    search = Search(facts, levers, conditions, broken, bounds)
    blocked = tuple((rule, search.why_not(rule)) for rule in failed if search.is_barred(rule))
    if blocked:
        return Recourse((), blocked)
    by_need = search.by_need() if all(NEED.intersection(rule.names) for rule in failed) else NeedsFound((), True)
    plans = [OpeningPlan(NEED_ALONE, tuple(map(search.change, _needed(change)))) for change in by_need.items]
    moves = search.moves(failed, facts, ROUNDS)
    if moves:
        plans.append(OpeningPlan(FIRM, tuple(map(search.change, moves))))
    if plans:
        return Recourse(tuple(plans), ())
    both, complete = search.by_both()
    if both is not None:
        return Recourse((both,), ())
    proved = complete and not search.movable
    return Recourse((), tuple((rule, search.why_not_together(rule, proved=proved)) for rule in failed))


@dataclass(frozen=True, slots=True)
class Search:
    """What the firm and its need are now, what may be moved, and what the product asks."""

    start: Mapping[str, Fact]
    levers: Mapping[str, Lever]
    conditions: Sequence[Rule]
    broken: Holds
    bounds: NeedBounds

    @property
    def asked(self) -> frozenset[str]:
        """Every fact that the product asks."""
        return frozenset(name for rule in self.conditions for name in rule.names)

    @property
    def movable(self) -> frozenset[str]:
        """Which of them the firm can move."""
        return frozenset(name for name in self.asked & self.levers.keys() if self.start.get(name) is not None)

    def region(self, facts: Mapping[str, Fact], free: frozenset[str] = frozenset()) -> NeedRegion:
        """Return the needs that meet what the product asks of a need, with these facts."""
        of_need = [rule.parsed for rule in self.conditions if NEED.intersection(rule.names)]
        return NeedRegion(of_need, facts, self.bounds, free)

    def by_need(self) -> NeedsFound:
        """Return the changes of the need that meet every condition, the nearest first.

        What the loan would cost then is asked of each; where that refuses one, nearer ones may have been passed over.
        """
        found = self.region(self.start).nearest()
        good = tuple(each for each in found.items if not self.broken({**self.start, **each}, self.asked))
        return NeedsFound(good, found.complete and len(good) == len(found.items))

    def by_both(self) -> tuple[OpeningPlan | None, bool]:
        """Return the quickest plan that changes need and firm, and whether all needs were looked at.

        The firm's moves are looked for at needs that could do if the firm moved far enough. With each of these moves
        made, the need that then meets everything is as near to the one asked for as it can be.
        """
        landmarks = self.region(self.start, self.movable).landmarks()
        plans = [plan for need in landmarks.items if (plan := self._from(need)) is not None]
        return min(plans, key=lambda plan: plan.within_months, default=None), landmarks.complete

    def _from(self, need: Changed) -> OpeningPlan | None:
        there = {**self.start, **need}
        moves = self.moves(self.broken(there, self.asked), there, ROUNDS)
        if not moves:
            return None
        moved = {**self.start, **{move.fact: move.value for move in moves}}
        changes = self.region(moved).nearest().items
        for change in changes:
            if not self.broken({**moved, **change}, self.asked):
                return OpeningPlan(BOTH, tuple(map(self.change, (*_needed(change), *moves))))
        return None

    def moves(self, failed: Sequence[Rule], now: Mapping[str, Fact], rounds: int) -> Way:
        """Return the firm's quickest moves found that make every condition hold; none where none were found.

        A move may break another condition, which is then met in a further round.
        """
        ways = [sorted(self.ways(rule.parsed, now), key=_length) for rule in failed]
        tried = (_merged(tuple(chain.from_iterable(each))) for each in islice(product(*ways), MOST_TRIED))
        for way in sorted(tried, key=_length):
            if not way:
                continue
            moved = {**now, **{move.fact: move.value for move in way}}
            still = self.broken(moved, [move.fact for move in way])
            if not still:
                return way
            further = self.moves(still, moved, rounds - 1) if rounds > 1 else ()
            if further:
                return _merged((*way, *further))
        return ()

    def ways(self, rule: Expression, now: Mapping[str, Fact], *, holds: bool = True) -> list[Way]:
        """Return the firm's ways to make an expression hold, each a tuple of moves; an empty one where it holds now."""
        if isinstance(rule, Not):
            return self.ways(rule.operand, now, holds=not holds)
        if isinstance(rule, Joined):
            each = [self.ways(operand, now, holds=holds) for operand in rule.operands]
            if (rule.word == "and") is holds:
                return [tuple(m for part in parts for m in part) for parts in islice(product(*each), MOST_WAYS)]
            return [way for part in each for way in part]
        return self._compared(rule, rule.operator if holds else OPPOSITE[rule.operator], now)

    def is_barred(self, rule: Rule) -> bool:
        """Tell whether a rule that does not hold asks nothing of the need, and the firm has no way to meet it."""
        return not NEED.intersection(rule.names) and not self.ways(rule.parsed, self.start)

    def why_not(self, rule: Rule) -> Reason:
        """Return why no way leads to a rule that asks nothing of the need."""
        names = set(rule.names)
        if (reason := self._data_missing(rule)) is not None:
            return reason
        if "depth" in names:
            return BY_DEPTH
        if not names & self.levers.keys():
            return FIXED
        return TOO_FAR if isinstance(rule.parsed, Comparison) else NONE_FOUND

    def why_not_together(self, rule: Rule, *, proved: bool) -> Reason:
        """Return why no plan meets a rule beside the others: proved, or only not found."""
        return self._data_missing(rule) or (CONTRARY if proved else NONE_FOUND)

    def _data_missing(self, rule: Rule) -> Reason | None:
        names = set(rule.names)
        if "quota_left" in names or rule.id == "terms.budget":
            return USED_UP
        if rule.id == "terms.cost":
            return PRICED
        if names & FROM_THE_SCORE:
            return BY_SCORE
        return UNKNOWN if any(self.start.get(name) is None for name in names - NEED) else None

    def change(self, move: Move) -> Change:
        """Return a move as it is told."""
        title = self.levers[move.fact].title if move.fact in self.levers else NEED_TITLES[move.fact]
        return Change(move.fact, title, self.start.get(move.fact), move.value, move.months)

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
        if sign == "==":
            value: float = side / name.factor
        else:
            strict = sign in (">", "<", "!=")
            value = _grain(side / name.factor, GRAIN.get(lever.unit, 0.001), upwards, strict=strict)
        if (lever.sign > 0) is not upwards or (value - start) * lever.sign <= 0 or not _within(lever, value):
            return None
        months = max(ceil(abs(value - start) / lever.pace_from(start) - 1e-9), 1)
        return Move(name.name, value, months) if months <= MOST_MONTHS else None


def _needed(change: Changed) -> list[Move]:
    return [Move(name, value, 0) for name, value in change.items()]


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
