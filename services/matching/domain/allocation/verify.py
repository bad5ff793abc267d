"""Check a plan and its proof without the solver that made them: whole numbers, sums and comparisons only.

The proof is Lagrange's. Give every condition a price λ ≥ 0 for each unit of it. Then no plan x, with every amount
from 0 to its most, can be worth more than

    Σ_r λ_r · bound_r + Σ_i most_i · max(0, value_i − Σ_r λ_r · weight_ri)

where of a firm that may be offered several rates, of which it gets one, the largest term stands in for all. This holds
whatever the prices are: a wrong price makes the bound loose, never wrong. That an amount between 0 and its least is no
plan only makes the true optimum smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.matching.domain.allocation.problem import MILLIONTHS, Allocation, AllocationProblem, Group

BILLIONTHS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class AllocationVerdict:
    """What was found: each violation in words, and objective and bound counted anew (fen · millionths)."""

    violations: tuple[str, ...]
    objective: int
    bound: int

    @property
    def holds(self) -> bool:
        """Whether the plan is feasible and no better than its bound."""
        return not self.violations and self.objective <= self.bound


def check(problem: AllocationProblem, plan: Allocation) -> AllocationVerdict:
    """Count a plan and its bound anew; what it claims of itself must be what is found."""
    violations = [*violated(problem, plan.amounts)]
    objective, limit = worth(problem, plan.amounts), bound(problem, plan.multipliers)
    if (objective, limit) != (plan.objective, plan.bound):
        violations.append(f"claims {plan.objective} of at most {plan.bound}, is {objective} of at most {limit}")
    return AllocationVerdict(tuple(violations), objective, limit)


def violated(problem: AllocationProblem, amounts: Sequence[int]) -> list[str]:
    """Return every condition that the amounts break, in words."""
    if len(amounts) != len(problem.candidates):
        return [f"{len(amounts)} amounts for {len(problem.candidates)} firms"]
    broken = [
        f"{candidate.enterprise} gets {amount}, neither 0 nor from {candidate.least_fen} to {candidate.most_fen}"
        for candidate, amount in zip(problem.candidates, amounts, strict=True)
        if amount != 0 and not candidate.least_fen <= amount <= candidate.most_fen
    ]
    broken += [
        f"{problem.candidates[menu[0]].enterprise} gets money at two rates"
        for menu in problem.menus
        if sum(amounts[i] > 0 for i in menu) > 1
    ]
    lent = sum(problem.counted(i) * amount for i, amount in enumerate(amounts))
    loss = sum(candidate.loss * amount for candidate, amount in zip(problem.candidates, amounts, strict=True))
    if lent > problem.budget_fen * MILLIONTHS:
        broken.append(f"budget: {lent} of {problem.budget_fen * MILLIONTHS}")
    if problem.loss_fen is not None and loss > problem.loss_fen * MILLIONTHS:
        broken.append(f"expected-loss: {loss} of {problem.loss_fen * MILLIONTHS}")
    if problem.loss_share is not None:
        above = sum(problem.excess(i) * amount for i, amount in enumerate(amounts))
        if above > 0:
            broken.append(f"expected-loss-share: {above} too much")
    return [*broken, *_groups(problem, amounts)]


def _groups(problem: AllocationProblem, amounts: Sequence[int]) -> Iterator[str]:
    for limit in problem.limits:
        if (found := counted_of(problem, amounts, limit)) > limit.fen * MILLIONTHS:
            yield f"limit:{limit.name}: {found} of {limit.fen * MILLIONTHS}"
    for floor in problem.floors:
        if (found := counted_of(problem, amounts, floor)) < floor.fen * MILLIONTHS:
            yield f"floor:{floor.name}: {found} of {floor.fen * MILLIONTHS}"


def counted_of(problem: AllocationProblem, amounts: Sequence[int], group: Group) -> int:
    """Return what a plan counts for in a group, in fen · millionths."""
    return sum(problem.counted(i) * amounts[i] for i in group.members)


def worth(problem: AllocationProblem, amounts: Sequence[int]) -> int:
    """Return what a plan earns a year, in fen · millionths."""
    return sum(candidate.value * amount for candidate, amount in zip(problem.candidates, amounts, strict=True))


def bound(problem: AllocationProblem, multipliers: Mapping[str, int]) -> int:
    """Return what no plan can exceed, in fen · millionths, rounded up; raise ValueError for a price below 0."""
    values = [candidate.value for candidate in problem.candidates]
    return -(-_lagrangian(problem, values, multipliers) // BILLIONTHS)


def shortage(problem: AllocationProblem, prices: Mapping[str, int]) -> int:
    """Return by how many fen the floors fall short together at least; above 0 proves that they cannot be met.

    The same argument for the problem of lowering the floors as little as possible: there a floor's price is at most 1,
    and money has no other worth.
    """
    if any(price > BILLIONTHS for name, price in prices.items() if name.startswith("floor:")):
        raise ValueError("a floor's price above 1 proves nothing")
    least = -_lagrangian(problem, [0] * len(problem.candidates), prices)
    return -(-least // (BILLIONTHS * MILLIONTHS))


def reduced(problem: AllocationProblem, values: Sequence[int], multipliers: Mapping[str, int]) -> list[int]:
    """Return each firm's value less the priced conditions, in millionths · billionths."""
    left = [value * BILLIONTHS for value in values]
    for row in problem.rows:
        price = multipliers.get(row.name, 0)
        if price < 0:
            raise ValueError(f"the price of {row.name} is below 0")
        if price:
            for i, weight in row.weights.items():
                left[i] -= price * weight
    return left


def _lagrangian(problem: AllocationProblem, values: Sequence[int], multipliers: Mapping[str, int]) -> int:
    left = reduced(problem, values, multipliers)
    worth_of = [candidate.most_fen * gain for candidate, gain in zip(problem.candidates, left, strict=True)]
    gains = sum(max(0, *(worth_of[i] for i in menu)) for menu in problem.menus)
    return gains + sum(multipliers.get(row.name, 0) * row.bound for row in problem.rows)
