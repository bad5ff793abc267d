"""Divide a budget that counts what is drawn: each firm is offered one rate of several, and how much.

At a higher rate a firm takes up less and earns more of what it takes up. So which rate is best depends on what a drawn
yuan is worth elsewhere. Everything that a condition counts of a firm is proportional to what it draws; so in fractions
of a firm no rate below the upper hull of (drawn, profit) is better than those on it, whatever the prices are, and along
the hull each further drawn yuan earns less. Taken piece by piece it is a linear program again: a variable a piece, no
condition more than with one rate each. Its prices prove a bound (`verify`) on every plan, at rates below the hulls too,
but for the millionths that shares and losses are rounded to.

A plan gives each firm one rate, which may then be best below its hull: the plan takes the rate that the prices like
best, and what the whole firms at the edge leave open is closed by branch and bound over the few rates on the hulls that
matter. So it may fall short of the best; how far at most, the bound says, and `optimal` only where it is met.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, pairwise, product
from math import ceil
from typing import Any

import numpy as np

from services.matching.domain.allocation.problem import MILLIONTHS, Allocation, AllocationProblem, Impossible
from services.matching.domain.allocation.solve import (
    EXACT_FIRMS,
    EXACT_SECONDS,
    Plan,
    System,
    is_proved,
    solve,
)
from services.matching.domain.allocation.verify import BILLIONTHS, bound, reduced, shortage, worth

# Firms whose rate the prices leave open stand between two; so many ways to round them are tried.
MOST_ROUNDINGS = 8
# Up to so many rates are left to branch and bound.
MOST_OPEN = 4_000


def divide(problem: AllocationProblem) -> Allocation | Impossible:
    """Return the plan that earns most, or by how much the floors must be lowered where none meets them."""
    if len(problem.menus) == len(problem.candidates):
        return solve(problem)
    system = System.of(pieces(problem))
    relaxed = system.relaxation()
    if relaxed is None:
        return _short(problem)
    prices = system.prices(relaxed)
    limit, gains = bound(problem, prices), reduced(problem, [c.value for c in problem.candidates], prices)
    best = _best(problem, (_alone(problem, chosen) for chosen in _roundings(problem, gains, relaxed.x * system.scale)))
    if best is None:
        best, _ = _branched(problem, range(len(problem.candidates)), None)
    if best is None:
        return _at_the_lowest(problem, prices, limit)
    proved = is_proved(problem, best, limit)
    if not proved and len(problem.menus) <= EXACT_FIRMS:
        best, _ = _closed(problem, gains, best, limit)
        # A rate below its hull may be the best single one, so only the bound over all rates proves a plan.
        proved = is_proved(problem, best, limit)
    return Allocation(tuple(best), prices, worth(problem, best), limit, optimal=proved)


def pieces(problem: AllocationProblem) -> AllocationProblem:
    """Return the hulls piece by piece: each candidate as what it counts, earns and loses more than the one before it.

    Amounts of one menu fill up from its first piece on by themselves: each further one earns less of what it counts.
    """
    parts = list(problem.candidates)
    for menu in problem.menus:
        for before, i in pairwise(menu):
            one, two = problem.candidates[before], problem.candidates[i]
            parts[i] = replace(two, value=two.value - one.value, loss=two.loss - one.loss, drawn=two.drawn - one.drawn)
    names = [f"{candidate.enterprise} {i}" for i, candidate in enumerate(parts)]
    each = tuple(replace(part, enterprise=name) for part, name in zip(parts, names, strict=True))
    return replace(problem, candidates=each)


def _roundings(problem: AllocationProblem, gains: Sequence[int], filled: Sequence[float]) -> list[tuple[int, ...]]:
    """Return which rate each firm gets, in some ways: where a firm stands between two, the one or the other."""
    choices: list[tuple[int, ...]] = []
    for menu in problem.menus:
        whole = [i for i in menu if filled[i] >= problem.candidates[i].most_fen - 0.5]
        begun = [i for i in menu if 0.5 < filled[i] < problem.candidates[i].most_fen - 0.5]
        best = max(menu, key=lambda i: (problem.candidates[i].most_fen * gains[i], -i))
        choices.append((*whole[-1:], *begun[:1]) or (best,))
    tried = MOST_ROUNDINGS if len(problem.menus) <= EXACT_FIRMS else 1
    return list(islice(product(*choices), tried))


def _alone(problem: AllocationProblem, chosen: Sequence[int]) -> Plan | None:
    """Return the best plan in which each firm has this one of its rates."""
    found = solve(problem.only(chosen))
    return None if isinstance(found, Impossible) else _spread(problem, chosen, found.amounts)


def _spread(problem: AllocationProblem, chosen: Sequence[int], amounts: Sequence[int]) -> Plan:
    plan = [0] * len(problem.candidates)
    for i, amount in zip(chosen, amounts, strict=True):
        plan[i] = amount
    return plan


def _best(problem: AllocationProblem, plans: Iterable[Plan | None]) -> Plan | None:
    return max((plan for plan in plans if plan is not None), key=lambda plan: worth(problem, plan), default=None)


def _lowest(problem: AllocationProblem) -> list[int]:
    """Return the rate at which each firm draws most: whatever counts for floors, it counts for most there."""
    return [max(menu, key=problem.counted) for menu in problem.menus]


def _at_the_lowest(problem: AllocationProblem, prices: dict[str, int], limit: int) -> Allocation | Impossible:
    chosen = _lowest(problem)
    found = solve(problem.only(chosen))
    if isinstance(found, Impossible):
        return _proved_short(problem, found)
    plan = _spread(problem, chosen, found.amounts)
    return Allocation(tuple(plan), prices, worth(problem, plan), limit, optimal=is_proved(problem, plan, limit))


def _short(problem: AllocationProblem) -> Impossible:
    """Return by how much floors must be lowered that not even fractions meet."""
    found = solve(problem.only(_lowest(problem)))
    assert isinstance(found, Impossible), "what no fractions of all rates meet, no amounts at one of them do"
    return _proved_short(problem, found)


def _proved_short(problem: AllocationProblem, found: Impossible) -> Impossible:
    """Keep the prices only where they prove the shortage over all rates, too."""
    proved = bool(found.multipliers) and shortage(problem, found.multipliers) > 0
    return found if proved else Impossible(found.shortfall_fen)


def _closed(problem: AllocationProblem, gains: Sequence[int], best: Plan, limit: int) -> tuple[Plan, bool]:
    """Return the best plan after branch and bound over what the prices leave open, and whether none is worth more."""
    better, most = _branched(problem, _open(problem, gains, (limit - worth(problem, best)) * BILLIONTHS), best)
    return better or best, most is not None and is_proved(problem, better, most)


def _branched(problem: AllocationProblem, left: Sequence[int], best: Plan | None) -> tuple[Plan | None, int | None]:
    """Return the best plan known after branch and bound over these candidates, and the most that one of them is worth.

    The latter, in fen · millionths, is None where there are too many, or the time ran out.
    """
    found = _branch(problem, left) if 0 < len(left) <= MOST_OPEN else None
    if found is None or found.x is None:
        return best, None
    chosen = [left[int(i)] for i in np.flatnonzero(found.x[len(left) :] > 0.5)]
    better = _best(problem, (best, _alone(problem, chosen)))
    return better, ceil(-found.mip_dual_bound * _unit(problem) * MILLIONTHS) if found.status == 0 else None


def _open(problem: AllocationProblem, gains: Sequence[int], gap: int) -> list[int]:
    """Return the candidates that a better plan may use: one that is worth less than its menu's best by over the gap, at
    the most it could be, is in none.
    """
    left = []
    for menu in problem.menus:
        most = [problem.candidates[i].most_fen * max(gains[i], 0) for i in menu]
        top = max(most)
        left += [i for i in menu if top - _at_most(problem, gains, i) <= gap]
    return left


def _at_most(problem: AllocationProblem, gains: Sequence[int], i: int) -> int:
    candidate = problem.candidates[i]
    return (candidate.most_fen if gains[i] > 0 else candidate.least_fen) * gains[i]


def _unit(problem: AllocationProblem) -> float:
    return max(candidate.most_fen for candidate in problem.candidates) / 1000


def _branch(problem: AllocationProblem, left: Sequence[int]) -> Any:
    """Run branch and bound over these candidates: an amount and a yes-or-no each, one yes a menu."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - loads 40 MB that only a worker needs
    from scipy.sparse import csr_array, diags_array, eye_array, hstack, vstack  # noqa: PLC0415

    part = problem.only(left)
    system, count, unit = System.of(part), len(left), _unit(problem)
    least = np.array([candidate.least_fen / unit for candidate in part.candidates])
    most = np.array([candidate.most_fen / unit for candidate in part.candidates])
    places = [(number, i) for number, menu in enumerate(part.menus) for i in menu]
    r, i = zip(*places, strict=True)
    one = csr_array((np.ones(count), (r, i)), shape=(len(part.menus), count))
    matrix = vstack(
        [
            hstack([system.matrix, csr_array(system.matrix.shape)]),
            hstack([eye_array(count), -diags_array(most)]),
            hstack([-eye_array(count), diags_array(least)]),
            hstack([csr_array(one.shape), one]),
        ]
    ).tocsr()
    right = np.r_[system.right * system.scale / unit, np.zeros(2 * count), np.ones(len(part.menus))]
    return milp(
        np.r_[-system.values, np.zeros(count)],
        integrality=np.r_[np.zeros(count), np.ones(count)],
        bounds=Bounds(0, np.r_[most, np.ones(count)]),
        constraints=LinearConstraint(matrix, -np.inf, right),
        options={"mip_rel_gap": 0.0, "time_limit": EXACT_SECONDS},
    )
