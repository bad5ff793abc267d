"""Divide a budget: the best plan there is, or the nearest one with a bound on what a better one could earn.

Amounts are 0 or from a least to a most, and all else is linear: a mixed-integer program with one semi-continuous
variable a firm. Its linear relaxation takes milliseconds and leaves only as many odd amounts as there are conditions.
Its prices give the bound (`verify`), and tell which firms a better plan would change first: branch and bound (HiGHS)
over those alone nearly always ends within the bound. Where it does not, the prices and the plan decide what they can
for good (reduced-cost fixing), and branch and bound settles all that remains. (ADR 0011 has the measurements.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.allocation.problem import MILLIONTHS, Allocation, AllocationProblem, Impossible
from services.matching.domain.allocation.settle import settle
from services.matching.domain.allocation.verify import BILLIONTHS, bound, reduced, shortage, worth

# Up to this many firms branch and bound closes the gap that the prices leave; above, the bound reports it.
EXACT_FIRMS = 10_000
EXACT_SECONDS = 60.0
# So many firms nearest to indifference are tried first: over thousands HiGHS takes 20 s where these take 0.1 s.
CORE_FIRMS = 200
SEMICONTINUOUS = 2
Floats = NDArray[np.float64]
Plan = list[int]


def solve(problem: AllocationProblem) -> Allocation | Impossible:
    """Return the plan that earns most, or by how much the floors must be lowered where none meets them.

    Each firm has one candidate here (`rates` chooses among several). The proof is `Allocation.bound`, or the prices of
    `Impossible`; `verify` checks either without this module.
    """
    if not problem.candidates:
        return _nothing(problem)
    system = System.of(problem)
    relaxed = system.relaxation()
    plan = None if relaxed is None else _planned(problem, system, relaxed)
    return plan or _least_relaxation(problem, system)


def _planned(problem: AllocationProblem, system: System, relaxed: Any) -> Allocation | None:
    """Return the best plan, from the relaxation on; None where none was found."""
    prices = system.prices(relaxed)
    limit = bound(problem, prices)
    gains = reduced(problem, [c.value for c in problem.candidates], prices)
    best = system.whole(relaxed, system.relaxation, gains)
    proved = is_proved(problem, best, limit)
    if not proved:
        best, _ = _searched(problem, system, _core(problem, gains), gains, best)
        proved = is_proved(problem, best, limit)
    if not proved and (best is None or len(problem.candidates) <= EXACT_FIRMS):
        gap = None if best is None else (limit - worth(problem, best)) * BILLIONTHS
        best, most = _searched(problem, system, _decided(problem, gains, gap), gains, best)
        proved = most is not None and is_proved(problem, best, most)
    if best is None:
        return None
    return Allocation(tuple(best), prices, worth(problem, best), limit, optimal=proved)


def _nothing(problem: AllocationProblem) -> Allocation | Impossible:
    missing = {floor.name: floor.fen for floor in problem.floors if floor.fen}
    if missing:
        return Impossible(missing, {f"floor:{name}": BILLIONTHS for name in missing})
    return Allocation((), {}, 0, 0, optimal=True)


def is_proved(problem: AllocationProblem, plan: Plan | None, limit: int) -> bool:
    """Say whether a plan misses a bound by no more than whole fen cost against fractions: a fen a condition."""
    return plan is not None and limit - worth(problem, plan) <= (len(problem.rows) + 1) * MILLIONTHS


def _searched(
    problem: AllocationProblem, system: System, left: Bounded, gains: Sequence[int], best: Plan | None
) -> tuple[Plan | None, int | None]:
    """Return the best plan known after branch and bound within bounds, and the most that a plan within them is worth.

    The latter, in fen · millionths, is None where the time ran out. The plan in whole fen may be another than the one
    that was found in fractions, and worth less.
    """
    found = system.branch(left)
    other = system.whole(found, lambda spare: system.branch(left, spare), gains)
    better = max((plan for plan in (best, other) if plan), key=lambda plan: worth(problem, plan), default=None)
    ended = found is not None and found.status == 0
    return better, ceil(-found.mip_dual_bound * system.scale * MILLIONTHS) if ended else None


@dataclass(frozen=True, slots=True)
class Bounded:
    """Bounds between which a plan that is looked for places each amount; a semicontinuous one may also be 0."""

    least: Floats
    most: Floats
    semicontinuous: NDArray[np.bool_]


def _core(problem: AllocationProblem, gains: Sequence[int]) -> Bounded:
    """Return bounds that leave open the firms nearest to indifference; all others get their most, or nothing."""
    least = np.array([c.least_fen for c in problem.candidates], dtype=float)
    most = np.array([c.most_fen for c in problem.candidates], dtype=float)
    gained = np.array(gains, dtype=float)
    left = np.zeros(len(gains), dtype=bool)
    left[np.argsort(np.abs(gained), kind="stable")[:CORE_FIRMS]] = True
    decided = np.where(gained > 0, most, 0.0)
    return Bounded(np.where(left, least, decided), np.where(left, most, decided), left)


def _decided(problem: AllocationProblem, gains: Sequence[int], gap: int | None) -> Bounded:
    """Return the bounds that the prices leave: an amount off its own by over gap / reduced value cannot improve."""
    least = np.array([c.least_fen for c in problem.candidates], dtype=float)
    most = np.array([c.most_fen for c in problem.candidates], dtype=float)
    semicontinuous = np.ones(len(least), dtype=bool)
    if gap is None:
        return Bounded(least, most, semicontinuous)
    for i, (candidate, gain) in enumerate(zip(problem.candidates, gains, strict=True)):
        if gain > 0 and gain * candidate.most_fen > gap:
            least[i] = max(candidate.least_fen, candidate.most_fen - gap // gain - 1)
            semicontinuous[i] = False
        elif gain < 0 and -gain * candidate.least_fen > gap:
            least[i] = most[i] = 0
            semicontinuous[i] = False
    return Bounded(least, most, semicontinuous)


@dataclass(frozen=True, slots=True)
class System:
    """The problem as the solver takes it: amounts in units of `scale` fen."""

    problem: AllocationProblem
    names: tuple[str, ...]
    matrix: Any
    right: Floats
    values: Floats
    least: Floats
    most: Floats
    scale: float

    @classmethod
    def of(cls, problem: AllocationProblem) -> System:
        """Return the rows as a sparse matrix."""
        from scipy.sparse import csr_array  # noqa: PLC0415 - loads 40 MB that only a worker needs

        rows = problem.rows
        places = [(r, i, w / MILLIONTHS) for r, row in enumerate(rows) for i, w in row.weights.items()]
        r, i, w = zip(*places, strict=True)
        candidates = problem.candidates
        scale = max(c.most_fen for c in candidates) / 1000
        return cls(
            problem,
            tuple(row.name for row in rows),
            csr_array((w, (r, i)), shape=(len(rows), len(candidates))),
            np.array([row.bound / MILLIONTHS / scale for row in rows]),
            np.array([c.value / MILLIONTHS for c in candidates]),
            np.array([c.least_fen / scale for c in candidates]),
            np.array([c.most_fen / scale for c in candidates]),
            scale,
        )

    def whole(self, solved: Any | None, again: Callable[[float], Any | None], gains: Sequence[int]) -> Plan | None:
        """Return a solution in whole fen; where rounding breaks a condition, solve `again` with some fen to spare."""
        if solved is None or solved.x is None:
            return None
        plan = settle(self.problem, solved.x * self.scale, gains)
        for fen in (1, len(self.names) + 1):
            if plan is not None:
                break
            spared = again(fen / self.scale)
            if spared is not None and spared.x is not None:
                plan = settle(self.problem, spared.x * self.scale, gains)
        return plan

    def relaxation(self, spare: float = 0.0) -> Any | None:
        """Solve with every amount from 0 to its most; None where even that is impossible."""
        from scipy.optimize import linprog  # noqa: PLC0415

        bounds = np.column_stack([np.zeros_like(self.most), self.most])
        found = linprog(-self.values, A_ub=self.matrix, b_ub=self.right - spare, bounds=bounds, method="highs")
        return found if found.status == 0 else None

    def prices(self, solved: Any) -> dict[str, int]:
        """Return the prices of a solved relaxation, in billionths."""
        dual = np.maximum(0, -solved.ineqlin.marginals)
        return {name: round(float(price) * BILLIONTHS) for name, price in zip(self.names, dual, strict=True)}

    def branch(self, left: Bounded, spare: float = 0.0) -> Any:
        """Run branch and bound over what is left open."""
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

        return milp(
            -self.values,
            integrality=np.where(left.semicontinuous, SEMICONTINUOUS, 0),
            bounds=Bounds(left.least / self.scale, left.most / self.scale),
            constraints=LinearConstraint(self.matrix, -np.inf, self.right - spare),
            options={"mip_rel_gap": 0.0, "time_limit": EXACT_SECONDS},
        )


def _least_relaxation(problem: AllocationProblem, system: System) -> Impossible:
    """Lower the floors by as little as possible in all; the relaxation's prices prove that less will not do."""
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp  # noqa: PLC0415
    from scipy.sparse import csr_array, hstack  # noqa: PLC0415

    floors = [r for r, name in enumerate(system.names) if name.startswith("floor:")]
    shape = (len(system.names), len(floors))
    lowered = csr_array((-np.ones(len(floors)), (floors, range(len(floors)))), shape=shape)
    matrix = hstack([system.matrix, lowered]).tocsr()
    cost = np.r_[np.zeros(len(system.values)), np.ones(len(floors))]
    most = np.r_[system.most, -system.right[floors]]
    whole = milp(
        cost,
        integrality=np.r_[np.full(len(system.values), SEMICONTINUOUS), np.zeros(len(floors))],
        bounds=Bounds(np.r_[system.least, np.zeros(len(floors))], most),
        constraints=LinearConstraint(matrix, -np.inf, system.right),
        options={"mip_rel_gap": 0.0, "time_limit": EXACT_SECONDS},
    )
    bounds = np.column_stack([np.zeros_like(most), most])
    linear = linprog(cost, A_ub=matrix, b_ub=system.right, bounds=bounds, method="highs")
    solved = linear if whole.x is None else whole
    short = [float(fen) for fen in solved.x[len(system.values) :] * system.scale]
    prices = system.prices(linear)
    capped = {name: min(price, BILLIONTHS) if name.startswith("floor:") else price for name, price in prices.items()}
    least = shortage(problem, capped)
    return Impossible(_lowered(problem, short, least, len(system.names)), capped if least > 0 else {})


def _lowered(problem: AllocationProblem, short: Sequence[float], least: int, rows: int) -> dict[str, int]:
    """Return by how many whole fen each floor gives way: as the solver's fractions say, and no more than it takes.

    `least` is what is proved to be missing in all. Where one floor alone is short that is tried first; then the
    fractions rounded, then the next whole fen, then so many as rounding costs.
    """
    floors = problem.floors
    near = {floor.name: round(fen) for floor, fen in zip(floors, short, strict=True)}
    above = {floor.name: min(floor.fen, int(fen) + 1) for floor, fen in zip(floors, short, strict=True)}
    alone = [name for name, fen in near.items() if fen > 0]
    tries = [{name: fen for name, fen in lowered.items() if fen > 0} for lowered in (near, above)]
    if len(alone) == 1 and least > 0:
        tries.insert(0, {alone[0]: least})
    for lowered in tries:
        if lowered and _can_be_met(problem.relaxed(lowered)):
            return lowered
    return {
        floor.name: min(floor.fen, (round(fen) if fen > 1 else 0) + rows + 1)
        for floor, fen in zip(floors, short, strict=True)
    }


def _can_be_met(problem: AllocationProblem) -> bool:
    system = System.of(problem)
    relaxed = system.relaxation()
    return relaxed is not None and _planned(problem, system, relaxed) is not None
