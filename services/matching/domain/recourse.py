"""What would open a refused product: the need changed, or the firm, or both, each plan certified by the rules.

A plan changes amount, term or kind asked for at once, and moves features of the firm (`levers`). Whatever else is asked
is taken to stay as it is, the score too: every move goes the way that the score rewards, so it cannot fall by it. A
plan counts only if every condition of the product that a moved fact touches holds on the moved facts, and its cost.

The need is solved (`need_region`): exactly, but where what a loan costs turns on amount and term. Of the firm's moves,
combinations are tried; so where no plan came of it, the answer says that none was found, and that there is none only
where that is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.matching.domain.cost import Costing
from services.matching.domain.expression import Comparison
from services.matching.domain.facts import Fact
from services.matching.domain.levers import MOST_MONTHS, Holds, Lever, Move, Moves
from services.matching.domain.need_region import NEED, Changed, NeedBounds, NeedRegion, NeedsFound
from services.matching.domain.pricing_budget import Exhausted
from services.matching.domain.product import Rule
from services.matching.domain.trade_secret import COST
from services.matching.domain.vocabulary import FROM_THE_SCORE

NEED_TITLES = {
    "amount_fen": {"zh": "申请金额", "en": "Amount asked for"},
    "months": {"zh": "申请期限", "en": "Term asked for"},
    "kind": {"zh": "融资类型", "en": "Kind of financing"},
}
NEED_ALONE, FIRM, BOTH = "need", "firm", "both"
Reason = Mapping[str, str]
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
FEES: Reason = {
    "zh": "仅费用一项已超过法定上限：在产品范围内的各期限，按最高金额计算亦然",
    "en": "The fees alone are dearer than the law bears, at every term of the product and for its largest amount too",
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


def recourse(
    conditions: Sequence[Rule],
    failed: Sequence[Rule],
    facts: Mapping[str, Fact],
    levers: Mapping[str, Lever],
    broken: Holds,
    bounds: NeedBounds,
    costing: Costing,
) -> Recourse:
    """Find what opens a product: by the need alone, by the firm alone, else by both.

    `conditions` are all that the product asks and `failed` those that do not hold, its cost too; `broken(facts, names)`
    returns those that touch one of these names and do not hold. A need that meets them is found wherever `bounds` has
    one, where `NeedRegion` is complete; of the firm's moves so many combinations are tried (`MOST_TRIED`). Where the
    law bears the fees of no need, none is looked for.
    """
    search = Search(facts, levers, conditions, broken, bounds, costing)
    blocked = tuple((rule, search.why_not(rule)) for rule in failed if search.is_barred(rule))
    if blocked:
        return Recourse((), blocked)
    if search.fees_bar:
        return search.nothing_found(failed, proved=False)
    by_need = search.by_need() if all(map(search.asks_need, failed)) else NeedsFound((), True)
    plans = [OpeningPlan(NEED_ALONE, tuple(map(search.change, _needed(change)))) for change in by_need.items]
    moves = search.firm.quickest(failed, facts)
    if moves:
        plans.append(OpeningPlan(FIRM, tuple(map(search.change, moves))))
    if plans:
        return Recourse(tuple(plans), ())
    both, complete = search.by_both()
    if both is not None:
        return Recourse((both,), ())
    proved = complete and not search.movable and not costing.turns_on_need(facts)
    return search.nothing_found(failed, proved=proved)


@dataclass(frozen=True)
class Search:
    """What the firm and its need are now, what may be moved, what the product asks, and what it costs."""

    start: Mapping[str, Fact]
    levers: Mapping[str, Lever]
    conditions: Sequence[Rule]
    broken: Holds
    bounds: NeedBounds
    costing: Costing

    @property
    def firm(self) -> Moves:
        """What the firm can do."""
        return Moves(self.start, self.levers, self.broken)

    @property
    def asked(self) -> frozenset[str]:
        """Every fact that the product asks."""
        return frozenset(name for rule in self.conditions for name in rule.names)

    @property
    def movable(self) -> frozenset[str]:
        """Which of them the firm can move."""
        return frozenset(name for name in self.asked & self.levers.keys() if self.start.get(name) is not None)

    def asks_need(self, rule: Rule) -> bool:
        """Tell whether it turns on the need if a rule holds."""
        return self.costing.turns_on_need(self.start) if rule.id == COST else not NEED.isdisjoint(rule.names)

    def region(
        self, facts: Mapping[str, Fact], free: frozenset[str] = frozenset(), *, at_any_cost: bool = False
    ) -> NeedRegion:
        """Return the needs that meet what the product asks of a need, with these facts."""
        of_need = [rule.parsed for rule in self.conditions if not NEED.isdisjoint(rule.names)]
        costs = not at_any_cost and self.costing.turns_on_need(facts)
        return NeedRegion(of_need, facts, self.bounds, free, self.costing if costs else None)

    @cached_property
    def fees_bar(self) -> bool:
        """Tell whether the fees alone are dearer than the law bears at every term, for the largest amount too.

        A smaller amount costs no less, but for the fen that its fees are rounded by. What was not priced is not said.
        """
        if not self.costing.turns_on_need(self.start):
            return False
        largest, (least, most) = self.bounds.amount_fen[1], self.bounds.months
        asked = int(self.start["months"] or 0)
        try:
            return not any(
                self.costing.bears_fees(largest, months)
                for months in sorted(range(least, most + 1), key=lambda months: abs(months - asked))
            )
        except Exhausted:
            return False

    def by_need(self) -> NeedsFound:
        """Return the changes of the need that meet every condition, the nearest first.

        What the loan would cost then is asked of each; where that refuses one, nearer ones may have been passed over.
        """
        found = self.region(self.start).nearest()
        good = tuple(each for each in found.items if not self.broken({**self.start, **each}, self.asked))
        return NeedsFound(good, found.complete and len(good) == len(found.items))

    def cost_elsewhere(self) -> tuple[Rule, Reason] | None:
        """Return the cost, with the reason, where it refuses a need that meets whatever else is asked of a need."""
        for change in self.region(self.start, at_any_cost=True).nearest().items:
            there = {**self.start, **change}
            for rule in self.broken(there, self.asked):
                if rule.id == COST:
                    return rule, self._why_dear(there)
        return None

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
        moves = self.firm.quickest(self.broken(there, self.asked), there)
        if not moves:
            return None
        moved = {**self.start, **{move.fact: move.value for move in moves}}
        changes = self.region(moved).nearest().items
        for change in changes:
            if not self.broken({**moved, **change}, self.asked):
                return OpeningPlan(BOTH, tuple(map(self.change, (*_needed(change), *moves))))
        return None

    def is_barred(self, rule: Rule) -> bool:
        """Tell whether a rule that does not hold asks nothing of the need, and the firm has no way to meet it."""
        if self.asks_need(rule):
            return False
        # Most firms can move nothing that a rule asks, which is told at once.
        return self.levers.keys().isdisjoint(rule.names) or not self.firm.ways(rule.parsed, self.start)

    def why_not(self, rule: Rule) -> Reason:
        """Return why no way leads to a rule that asks nothing of the need."""
        if rule.id == COST:
            return self._why_dear(self.start)
        if (reason := self._data_missing(rule)) is not None:
            return reason
        if "depth" in rule.names:
            return BY_DEPTH
        if self.levers.keys().isdisjoint(rule.names):
            return FIXED
        return TOO_FAR if isinstance(rule.parsed, Comparison) else NONE_FOUND

    def why_not_together(self, rule: Rule, *, proved: bool) -> Reason:
        """Return why no plan meets a rule beside the others: proved, or only not found."""
        if rule.id == COST:
            return self._why_dear(self.start)
        return self._data_missing(rule) or (CONTRARY if proved else NONE_FOUND)

    def nothing_found(self, failed: Sequence[Rule], *, proved: bool) -> Recourse:
        """Return what bars the way where each rule could be met by itself: the cost too, where it refuses a need."""
        together = [(rule, self.why_not_together(rule, proved=proved)) for rule in failed]
        unforeseen = None if COST in {rule.id for rule in failed} else self.cost_elsewhere()
        return Recourse((), (*together, *([unforeseen] if unforeseen else ())))

    def _why_dear(self, facts: Mapping[str, Fact]) -> Reason:
        if not self.costing.turns_on_need(facts):
            return PRICED
        return FEES if self.fees_bar else NONE_FOUND

    def _data_missing(self, rule: Rule) -> Reason | None:
        if "quota_left" in rule.names or rule.id == "terms.budget":
            return USED_UP
        if not FROM_THE_SCORE.isdisjoint(rule.names):
            return BY_SCORE
        for name in rule.names:
            if name not in NEED and self.start.get(name) is None:
                return UNKNOWN
        return None

    def change(self, move: Move) -> Change:
        """Return a move as it is told."""
        title = self.levers[move.fact].title if move.fact in self.levers else NEED_TITLES[move.fact]
        return Change(move.fact, title, self.start.get(move.fact), move.value, move.months)


def _needed(change: Changed) -> list[Move]:
    return [Move(name, value, 0) for name, value in change.items()]
