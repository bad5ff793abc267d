"""The whole answer to a bank: the plan, what proves it, what fairness costs, and what a shock would change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from services.matching.domain.allocation.problem import (
    MILLIONTHS,
    Allocation,
    AllocationProblem,
    Candidate,
    Group,
    Impossible,
)
from services.matching.domain.allocation.solve import solve
from services.matching.domain.allocation.terms import (
    WITHHELD,
    Firm,
    Selector,
    Terms,
    candidates,
    revalued,
    selector,
    shocked,
)
from services.matching.domain.allocation.verify import BILLIONTHS, check, shortage

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Wish:
    """A limit or floor as ordered: who is meant, and an amount in fen or a share of the budget."""

    name: str
    of: Selector
    fen: int

    @classmethod
    def read(cls, document: Mapping[str, Any], budget_fen: int) -> Wish:
        """From its JSON form; a share counts in whole fen, rounded down."""
        fen = document.get("fen")
        if fen is None:
            fen = int(Decimal(str(document["share"])) * budget_fen)
        return cls(document["name"], selector(document["of"]), fen)

    def group(self, firms: Sequence[Firm]) -> Group:
        """The firms that are meant, by their place."""
        return Group(self.name, tuple(i for i, firm in enumerate(firms) if self.of.picks(firm)), self.fen)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a plan must keep to, beside each firm's bounds; `sector_fen` is the most for any section of GB/T 4754."""

    budget_fen: int
    limits: tuple[Wish, ...] = ()
    floors: tuple[Wish, ...] = ()
    sector_fen: int | None = None
    loss_fen: int | None = None
    loss_share: Decimal | None = None

    def problem(self, offered: Sequence[tuple[Firm, Candidate]]) -> AllocationProblem:
        """The conditions on these candidates."""
        firms = [firm for firm, _ in offered]
        limits = [wish.group(firms) for wish in self.limits]
        if self.sector_fen is not None:
            limits += [Group(f"sector {s}", tuple(i), self.sector_fen) for s, i in sorted(_sectors(firms).items())]
        return AllocationProblem(
            tuple(candidate for _, candidate in offered),
            self.budget_fen,
            tuple(limits),
            tuple(wish.group(firms) for wish in self.floors),
            self.loss_fen,
            None if self.loss_share is None else int(self.loss_share * MILLIONTHS),
        )


def _sectors(firms: Sequence[Firm]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for i, firm in enumerate(firms):
        places[section(firm)].append(i)
    return places


def section(firm: Firm) -> str:
    """The section of GB/T 4754 (its letter); what is not known is one sector too, and bears its limit."""
    return firm.industry[0] if firm.industry else UNKNOWN


def answer(
    firms: Sequence[Firm],
    terms: Terms,
    conditions: Conditions,
    stresses: Mapping[str, Sequence[tuple[Selector, float]]],
) -> dict[str, Any]:
    """Divide the budget and report; where the floors are out of reach, divide it under the smallest relaxation."""
    offered, withheld = candidates(firms, terms)
    problem = conditions.problem(offered)
    found = solve(problem)
    impossible = None
    if isinstance(found, Impossible):
        impossible = _impossible(problem, found)
        problem = problem.relaxed(found.shortfall_fen)
        found = solve(problem)
        assert isinstance(found, Allocation), "a problem with its floors lowered as told can be solved"
    return {
        "status": "floors-lowered" if impossible else "optimal" if found.optimal else "bounded",
        "impossible": impossible,
        **_figures(problem, found),
        "certificate": _certificate(problem, found),
        "conditions": _conditions(problem, found),
        "fairness": _fairness(problem, found),
        "groups": _groups(offered, found),
        "stress": [
            _stress(name, shocks, firms, terms, conditions, offered, found) for name, shocks in stresses.items()
        ],
        "lines": [
            _line(firm, candidate, amount) for (firm, candidate), amount in zip(offered, found.amounts, strict=True)
        ],
        "excluded": [{"enterprise": firm.enterprise, "reason": key, "title": _title(key)} for firm, key in withheld],
    }


def _title(key: str) -> dict[str, str]:
    zh, en = WITHHELD[key]
    return {"zh": zh, "en": en}


def _figures(problem: AllocationProblem, plan: Allocation) -> dict[str, Any]:
    return {
        "objective_fen": plan.objective_fen,
        "bound_fen": plan.bound_fen,
        "gap_fen": plan.gap_fen,
        **_totals(problem.candidates, plan.amounts),
    }


def _totals(offered: Sequence[Candidate], amounts: Sequence[int]) -> dict[str, int]:
    loss = sum(candidate.loss * amount for candidate, amount in zip(offered, amounts, strict=True))
    return {
        "firms": sum(amount > 0 for amount in amounts),
        "lent_fen": sum(amounts),
        "expected_loss_fen": -(-loss // MILLIONTHS),
    }


def _certificate(problem: AllocationProblem, plan: Allocation) -> dict[str, Any]:
    verdict = check(problem, plan)
    prices = {name: price / BILLIONTHS for name, price in plan.multipliers.items() if price}
    return {"holds": verdict.holds, "violations": list(verdict.violations), "prices": prices}


def _conditions(problem: AllocationProblem, plan: Allocation) -> list[dict[str, Any]]:
    found = []
    for kind, groups in (("limit", problem.limits), ("floor", problem.floors)):
        for group in groups:
            used = sum(plan.amounts[i] for i in group.members)
            price = plan.multipliers.get(f"{kind}:{group.name}", 0) / BILLIONTHS
            members = len(group.members)
            found.append(
                {"kind": kind, "name": group.name, "firms": members, "fen": group.fen, "used_fen": used, "price": price}
            )
    return found


def _fairness(problem: AllocationProblem, plan: Allocation) -> dict[str, Any] | None:
    """What the floors cost: how much more the best plan without them earns."""
    if not problem.floors:
        return None
    free = solve(problem.without_floors())
    assert isinstance(free, Allocation), "without floors nothing is impossible"
    price = max(0, free.objective - plan.objective)
    return {
        "objective_without_floors_fen": free.objective_fen,
        "price_fen": -(-price // MILLIONTHS),
        "price_share": price / free.objective if free.objective > 0 else 0.0,
    }


def _impossible(problem: AllocationProblem, found: Impossible) -> dict[str, Any]:
    wanted = {floor.name: floor.fen for floor in problem.floors}
    return {
        "lower": [
            {"floor": name, "fen": wanted[name], "by_fen": fen, "to_fen": wanted[name] - fen}
            for name, fen in found.shortfall_fen.items()
        ],
        "proof": "prices" if found.multipliers else "branch-and-bound",
        "short_at_least_fen": shortage(problem, found.multipliers) if found.multipliers else None,
        "prices": {name: price / BILLIONTHS for name, price in found.multipliers.items() if price},
    }


def _groups(offered: Sequence[tuple[Firm, Candidate]], plan: Allocation) -> list[dict[str, Any]]:
    keys: Mapping[str, Callable[[Firm], str]] = {
        "sector": section,
        "grade": lambda firm: firm.grade or UNKNOWN,
        "size_class": lambda firm: firm.size_class or UNKNOWN,
        "region": lambda firm: firm.region[:2] if firm.region else UNKNOWN,
    }
    return [
        {"by": by, "key": key, **_totals([candidate for candidate, _ in parts], [amount for _, amount in parts])}
        for by, key_of in keys.items()
        for key, parts in sorted(_by(offered, plan.amounts, key_of).items())
    ]


def _by(
    offered: Iterable[tuple[Firm, Candidate]], amounts: Iterable[int], key_of: Callable[[Firm], str]
) -> dict[str, list[tuple[Candidate, int]]]:
    parts: dict[str, list[tuple[Candidate, int]]] = defaultdict(list)
    for (firm, candidate), amount in zip(offered, amounts, strict=True):
        parts[key_of(firm)].append((candidate, amount))
    return parts


def _line(firm: Firm, candidate: Candidate, amount: int) -> dict[str, Any]:
    return {
        "enterprise": firm.enterprise,
        "amount_fen": amount,
        "rate": float(candidate.rate),
        "grade": firm.grade,
        "pd": firm.pd,
        "least_fen": candidate.least_fen,
        "most_fen": candidate.most_fen,
        "value": candidate.value / MILLIONTHS,
        "loss": candidate.loss / MILLIONTHS,
    }


def _stress(
    name: str,
    shocks: Sequence[tuple[Selector, float]],
    firms: Sequence[Firm],
    terms: Terms,
    conditions: Conditions,
    offered: Sequence[tuple[Firm, Candidate]],
    plan: Allocation,
) -> dict[str, Any]:
    """The plan as made, what it is worth after the shock, and the plan that would be made then."""
    after = {firm.enterprise: firm for firm in shocked(firms, shocks)}
    held = [revalued(candidate, after[firm.enterprise], terms) for firm, candidate in offered]
    worth = sum(candidate.value * amount for candidate, amount in zip(held, plan.amounts, strict=True))
    anew = [(replace(firm, pd=after[firm.enterprise].pd), _again(firm, after, terms)) for firm, _ in offered]
    problem = conditions.problem(anew)
    found = solve(problem)
    if isinstance(found, Impossible):
        problem = problem.relaxed(found.shortfall_fen)
        found = solve(problem)
        assert isinstance(found, Allocation)
    return {
        "name": name,
        "held": {"objective_fen": worth // MILLIONTHS, **_totals(held, plan.amounts)},
        "anew": {**_figures(problem, found), "groups": _groups(anew, found)},
        "lines": [
            {"enterprise": firm.enterprise, "amount_fen": one, "anew_fen": other, "pd": firm.pd}
            for (firm, _), one, other in zip(anew, plan.amounts, found.amounts, strict=True)
            if one != other
        ],
    }


def _again(firm: Firm, after: Mapping[str, Firm], terms: Terms) -> Candidate:
    ((_, candidate),), _ = candidates([after[firm.enterprise]], terms)
    return candidate
