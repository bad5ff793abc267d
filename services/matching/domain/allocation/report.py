"""The whole report to a bank: the plan, what proves it, what fairness costs, and what a shock would change.

Members are named and nested as the answer's: a report is stored as JSON, as it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.matching.domain.allocation.conditions import UNKNOWN, Conditions, section
from services.matching.domain.allocation.order import Scenario
from services.matching.domain.allocation.problem import (
    MILLIONTHS,
    Allocation,
    AllocationProblem,
    Candidate,
    Impossible,
)
from services.matching.domain.allocation.rates import divide
from services.matching.domain.allocation.terms import WITHHELD, Firm, Terms, candidates, revalued, shocked
from services.matching.domain.allocation.verify import BILLIONTHS, check, counted_of, shortage
from services.matching.domain.product import Title

Offered = Sequence[tuple[Firm, Candidate]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many firms are offered something, how much in all, what of it is expected to be drawn, and lost in a year.

    The loss is rounded up, what is drawn down. Where the whole line is paid for, or the budget counts offers, the loss
    is that of all that is offered; where the budget counts drawings, of what is drawn.
    """

    firms: int
    offered_fen: int
    expected_drawn_fen: int
    expected_loss_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Totals):
    """What a plan earns a year, and the most that any plan could earn."""

    objective_fen: int
    bound_fen: int
    gap_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotals(Totals):
    """What the firms of a sector, grade, size class or region get together."""

    by: str
    key: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The proof of the bound, counted anew: a price for each condition that binds."""

    holds: bool
    violations: tuple[str, ...]
    prices: dict[str, float]


@dataclass(frozen=True, slots=True)
class ConditionUsed:
    """A limit or floor, how far it is used by what the budget counts, and its shadow price per fen."""

    kind: str
    name: str
    firms: int
    fen: int
    used_fen: int
    price: float


@dataclass(frozen=True, slots=True)
class FairnessCost:
    """How much more the best plan without floors earns."""

    objective_without_floors_fen: int
    price_fen: int
    price_share: float


@dataclass(frozen=True, slots=True)
class LoweredFloor:
    """A floor out of reach, and the least by which it gives way."""

    floor: str
    fen: int
    by_fen: int
    to_fen: int


@dataclass(frozen=True, slots=True)
class FloorsOutOfReach:
    """Which floors cannot be met together, and the proof: prices, or the search of branch and bound."""

    lower: tuple[LoweredFloor, ...]
    proof: str
    short_at_least_fen: int | None
    prices: dict[str, float]


@dataclass(frozen=True, slots=True)
class AllocatedLine:
    """What one firm is offered (0: nothing) at which rate; value, loss (a year) and what is drawn, a yuan offered.

    `own_most_fen` is the most that was ordered for this firm, where it lies above everybody's, which then counts.
    """

    enterprise: str
    amount_fen: int
    rate: float
    grade: str | None
    pd: float | None
    least_fen: int
    most_fen: int
    value: float
    loss: float
    drawn: float
    own_most_fen: int | None


@dataclass(frozen=True, slots=True)
class ExcludedFirm:
    """A firm that cannot be lent to, and why."""

    enterprise: str
    reason: str
    title: Title


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHeld(Totals):
    """The plan as it was made, worth what it is after a shock."""

    objective_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAnew(Figures):
    """The plan that would be made after a shock."""

    groups: tuple[GroupTotals, ...]


@dataclass(frozen=True, slots=True)
class MovedLine:
    """A firm that would get another amount after a shock."""

    enterprise: str
    amount_fen: int
    anew_fen: int
    pd: float | None


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """What a scenario does to the plan."""

    name: str
    held: PlanHeld
    anew: PlanAnew
    lines: tuple[MovedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationReport(Figures):
    """A plan with everything that is told of it. `status` is optimal, bounded or floors-lowered."""

    status: str
    impossible: FloorsOutOfReach | None
    certificate: Certificate
    conditions: tuple[ConditionUsed, ...]
    fairness: FairnessCost | None
    groups: tuple[GroupTotals, ...]
    stress: tuple[ScenarioReport, ...]
    lines: tuple[AllocatedLine, ...]
    excluded: tuple[ExcludedFirm, ...]


def allocate(
    firms: Sequence[Firm], terms: Terms, conditions: Conditions, scenarios: Sequence[Scenario]
) -> AllocationReport:
    """Divide the budget and report; where the floors are out of reach, divide it under the smallest relaxation."""
    offered, excluded = candidates(firms, terms)
    ordered = conditions.problem(offered)
    problem, plan, impossible = _solved(ordered)
    return AllocationReport(
        **_figures(problem, plan),
        status="floors-lowered" if impossible else "optimal" if plan.optimal else "bounded",
        impossible=_out_of_reach(ordered, impossible) if impossible else None,
        certificate=_certificate(problem, plan),
        conditions=tuple(_conditions(problem, plan)),
        fairness=_fairness(problem, plan),
        groups=tuple(_groups(offered, plan)),
        stress=tuple(_stress(scenario, firms, terms, conditions, offered, plan) for scenario in scenarios),
        lines=tuple(_lines(problem, offered, plan, terms)),
        excluded=tuple(ExcludedFirm(firm.enterprise, key, _title(key)) for firm, key in excluded),
    )


def _solved(problem: AllocationProblem) -> tuple[AllocationProblem, Allocation, Impossible | None]:
    """Return the best plan; where the floors cannot be met, the plan of the problem with its floors lowered."""
    plan = divide(problem)
    if isinstance(plan, Allocation):
        return problem, plan, None
    lowered = problem.relaxed(plan.shortfall_fen)
    relaxed = divide(lowered)
    assert isinstance(relaxed, Allocation), "a problem with its floors lowered by the shortfall can be solved"
    return lowered, relaxed, plan


def _title(key: str) -> Title:
    zh, en = WITHHELD[key]
    return {"zh": zh, "en": en}


def _figures(problem: AllocationProblem, plan: Allocation) -> dict[str, int]:
    return {
        "objective_fen": plan.objective_fen,
        "bound_fen": plan.bound_fen,
        "gap_fen": plan.gap_fen,
        **_totals(problem.candidates, plan.amounts),
    }


def _totals(offered: Sequence[Candidate], amounts: Sequence[int]) -> dict[str, int]:
    loss = sum(candidate.loss * amount for candidate, amount in zip(offered, amounts, strict=True))
    drawn = sum(candidate.drawn * amount for candidate, amount in zip(offered, amounts, strict=True))
    return {
        "firms": sum(amount > 0 for amount in amounts),
        "offered_fen": sum(amounts),
        "expected_drawn_fen": drawn // MILLIONTHS,
        "expected_loss_fen": -(-loss // MILLIONTHS),
    }


def _certificate(problem: AllocationProblem, plan: Allocation) -> Certificate:
    verdict = check(problem, plan)
    return Certificate(verdict.holds, verdict.violations, _in_fen(plan.multipliers))


def _in_fen(multipliers: Mapping[str, int]) -> dict[str, float]:
    return {name: price / BILLIONTHS for name, price in multipliers.items() if price}


def _conditions(problem: AllocationProblem, plan: Allocation) -> Iterable[ConditionUsed]:
    for kind, groups in (("limit", problem.limits), ("floor", problem.floors)):
        for group in groups:
            counted = counted_of(problem, plan.amounts, group)
            used = -(-counted // MILLIONTHS) if kind == "limit" else counted // MILLIONTHS
            price = plan.multipliers.get(f"{kind}:{group.name}", 0) / BILLIONTHS
            firms = len({problem.candidates[i].enterprise for i in group.members})
            yield ConditionUsed(kind, group.name, firms, group.fen, used, price)


def _fairness(problem: AllocationProblem, plan: Allocation) -> FairnessCost | None:
    """Return what the floors cost: how much more the best plan without them earns."""
    if not problem.floors:
        return None
    free = divide(problem.without_floors())
    assert isinstance(free, Allocation), "without floors nothing is impossible"
    price = max(0, free.objective - plan.objective)
    return FairnessCost(
        free.objective_fen, -(-price // MILLIONTHS), price / free.objective if free.objective > 0 else 0.0
    )


def _out_of_reach(problem: AllocationProblem, impossible: Impossible) -> FloorsOutOfReach:
    wanted = {floor.name: floor.fen for floor in problem.floors}
    prices = impossible.multipliers
    return FloorsOutOfReach(
        lower=tuple(
            LoweredFloor(name, wanted[name], fen, wanted[name] - fen) for name, fen in impossible.shortfall_fen.items()
        ),
        proof="prices" if prices else "branch-and-bound",
        short_at_least_fen=shortage(problem, prices) if prices else None,
        prices=_in_fen(prices),
    )


def _groups(offered: Offered, plan: Allocation) -> list[GroupTotals]:
    keys: Mapping[str, Callable[[Firm], str]] = {
        "sector": section,
        "grade": lambda firm: firm.grade or UNKNOWN,
        "size_class": lambda firm: firm.size_class or UNKNOWN,
        "region": lambda firm: firm.region[:2] if firm.region else UNKNOWN,
    }
    return [
        GroupTotals(by=by, key=key, **_totals([candidate for candidate, _ in parts], [amount for _, amount in parts]))
        for by, key_of in keys.items()
        for key, parts in sorted(_by(offered, plan.amounts, key_of).items())
    ]


def _by(
    offered: Offered, amounts: Iterable[int], key_of: Callable[[Firm], str]
) -> dict[str, list[tuple[Candidate, int]]]:
    parts: dict[str, list[tuple[Candidate, int]]] = defaultdict(list)
    for (firm, candidate), amount in zip(offered, amounts, strict=True):
        parts[key_of(firm)].append((candidate, amount))
    return parts


def _lines(problem: AllocationProblem, offered: Offered, plan: Allocation, terms: Terms) -> Iterable[AllocatedLine]:
    """Give a line a firm: at the rate that it is offered, or else at the one that earns most a drawn yuan."""
    for menu in problem.menus:
        place = max(menu, key=lambda i: (plan.amounts[i], -i))
        firm, candidate = offered[place]
        yield AllocatedLine(
            firm.enterprise,
            plan.amounts[place],
            float(candidate.rate),
            firm.grade,
            firm.pd,
            candidate.least_fen,
            candidate.most_fen,
            candidate.value / MILLIONTHS,
            candidate.loss / MILLIONTHS,
            candidate.drawn / MILLIONTHS,
            firm.most_fen if (firm.most_fen or 0) > terms.most_fen else None,
        )


def _stress(
    scenario: Scenario,
    firms: Sequence[Firm],
    terms: Terms,
    conditions: Conditions,
    offered: Offered,
    plan: Allocation,
) -> ScenarioReport:
    """Return the plan as made, what it is worth after the shock, and the plan that would be made then."""
    shocks = [(shock.of, shock.factor) for shock in scenario.shocks]
    after = {firm.enterprise: firm for firm in shocked(firms, shocks)}
    held = [revalued(candidate, after[firm.enterprise], terms) for firm, candidate in offered]
    worth = sum(candidate.value * amount for candidate, amount in zip(held, plan.amounts, strict=True))
    firms_after = [
        replace(firm, pd=after[firm.enterprise].pd) for firm in {f.enterprise: f for f, _ in offered}.values()
    ]
    anew, _ = candidates(firms_after, terms)
    problem, replanned, _ = _solved(conditions.problem(anew))
    before, later = _amounts(offered, plan), _amounts(anew, replanned)
    return ScenarioReport(
        scenario.name,
        PlanHeld(objective_fen=worth // MILLIONTHS, **_totals(held, plan.amounts)),
        PlanAnew(**_figures(problem, replanned), groups=tuple(_groups(anew, replanned))),
        tuple(
            MovedLine(firm.enterprise, before[firm.enterprise], later[firm.enterprise], firm.pd)
            for firm in firms_after
            if before[firm.enterprise] != later[firm.enterprise]
        ),
    )


def _amounts(offered: Offered, plan: Allocation) -> dict[str, int]:
    amounts: dict[str, int] = defaultdict(int)
    for (firm, _), amount in zip(offered, plan.amounts, strict=True):
        amounts[firm.enterprise] += amount
    return amounts
