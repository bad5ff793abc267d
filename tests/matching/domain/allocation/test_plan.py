"""Plans of a budget: feasible to the fen, proved, and as good as trying every way."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from chassis.core.errors import Invalid
from services.matching.domain.allocation import verify
from services.matching.domain.allocation.problem import (
    MILLIONTHS,
    Allocation,
    AllocationProblem,
    Candidate,
    Group,
    Impossible,
)
from services.matching.domain.allocation.solve import solve

YUAN = 100
some = settings(max_examples=40)


def firm(place: int, least: int, most: int, value: int, loss: int) -> Candidate:
    return Candidate(f"local:F{place:05}", least * YUAN, most * YUAN, value, loss)


@st.composite
def problems(draw: st.DrawFn, most_firms: int = 6, floors: bool = True) -> AllocationProblem:
    """Draw a few firms in two groups under a budget, a loss cap, a limit on one group and a floor for the other."""
    count = draw(st.integers(1, most_firms))
    firms = []
    for place in range(count):
        least = draw(st.integers(1, 50)) * 1_000
        most = least + draw(st.integers(0, 100)) * 1_000
        firms.append(firm(place, least, most, draw(st.integers(-20_000, 60_000)), draw(st.integers(0, 50_000))))
    total = sum(candidate.most_fen for candidate in firms)
    part = st.integers(0, 100).map(lambda share: total * share // 100)
    places = tuple(range(count))
    return AllocationProblem(
        tuple(firms),
        budget_fen=draw(part),
        limits=(Group("even", places[::2], draw(part)),),
        floors=(Group("odd", places[1::2], draw(part) // 4),) if floors and count > 1 else (),
        loss_fen=draw(st.one_of(st.none(), part.map(lambda fen: fen // 50))),
        loss_share=draw(st.one_of(st.none(), st.integers(0, 50_000))),
    )


def by_trying(problem: AllocationProblem) -> float | None:
    """Return the best value in fen over every choice of firms, each a small linear program; None if infeasible."""
    best = None
    count = len(problem.candidates)
    matrix = np.array([[row.weights.get(i, 0) / MILLIONTHS for i in range(count)] for row in problem.rows])
    right = np.array([row.bound / MILLIONTHS for row in problem.rows])
    for size in range(count + 1):
        for chosen in combinations(range(count), size):
            bounds = [
                (candidate.least_fen, candidate.most_fen) if i in chosen else (0, 0)
                for i, candidate in enumerate(problem.candidates)
            ]
            found = linprog([-c.value / MILLIONTHS for c in problem.candidates], matrix, right, bounds=bounds)
            if found.status == 0:
                best = max(-found.fun, best if best is not None else -found.fun)
    return best


@some
@given(problems())
def test_a_plan_is_as_good_as_trying_every_choice_of_firms(problem: AllocationProblem) -> None:
    """Within the fen that rounding costs, and impossible only where trying finds nothing either."""
    found, best = solve(problem), by_trying(problem)
    slack = len(problem.rows) + 2
    if isinstance(found, Impossible):
        # A floor that rounding alone misses may be met in fractions of a fen.
        assert best is None or sum(found.shortfall_fen.values()) <= slack
        return
    assert best is not None
    assert found.optimal
    assert found.objective / MILLIONTHS == pytest.approx(best, abs=slack)


@some
@given(problems())
def test_a_plan_and_its_bound_hold_without_the_solver(problem: AllocationProblem) -> None:
    """Counted anew in whole numbers: every condition, the objective, the bound."""
    found = solve(problem)
    if isinstance(found, Allocation):
        verdict = verify.check(problem, found)
        assert verdict.violations == ()
        assert verdict.holds


@some
@given(problems())
def test_floors_that_cannot_be_met_are_met_once_lowered_as_told(problem: AllocationProblem) -> None:
    """And where prices prove the shortage, they never claim more than was lowered."""
    found = solve(problem)
    if isinstance(found, Impossible):
        assert isinstance(solve(problem.relaxed(found.shortfall_fen)), Allocation)
        if found.multipliers:
            assert 0 < verify.shortage(problem, found.multipliers) <= sum(found.shortfall_fen.values())


@some
@given(problems())
def test_a_floor_is_lowered_by_no_fen_too_many(problem: AllocationProblem) -> None:
    """One fen higher it would be out of reach again, as trying every choice of firms finds."""
    found = solve(problem)
    if isinstance(found, Impossible) and sum(found.shortfall_fen.values()) > len(problem.rows) + 1:
        [(name, fen)] = found.shortfall_fen.items()
        assert by_trying(problem.relaxed({name: fen - 1})) is None


def test_what_is_called_optimal_is_the_plan_that_is_returned() -> None:
    """Rounding the best amounts to the nearest fen exceeds the share of losses; one fen more with F1 does not.

    The plan without F2, which takes no rounding, is worth 5,992 fen less.
    """
    given_ = [
        (3_000_063, 5_100_100, 20_062, 12_934),
        (2_200_030, 4_600_106, -16_139, 27_960),
        (900_020, 5_800_026, 6_658, 36_093),
        (200_095, 9_100_151, -14_108, 43_364),
        (4_200_060, 9_300_156, 8_918, 31_151),
        (2_600_076, 3_000_170, 25_446, 39_060),
    ]
    problem = AllocationProblem(
        tuple(Candidate(f"local:F{i}", *numbers) for i, numbers in enumerate(given_)),
        25_461_489,
        limits=(Group("even", (0, 2, 4), 1_476_028), Group("third", (0, 3), 10_332_198)),
        floors=(Group("odd", (1, 3, 5), 4_704_840),),
        loss_share=29_800,
    )
    plan, best = solve(problem), by_trying(problem)
    assert isinstance(plan, Allocation)
    assert best is not None
    assert plan.optimal
    assert plan.objective / MILLIONTHS == pytest.approx(best, abs=len(problem.rows) + 1)


def test_a_search_that_cannot_keep_its_best_amounts_calls_nothing_optimal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Branch and bound ended, but the plan in whole fen is not as good as what it found in fractions."""
    problem = AllocationProblem((firm(0, 10, 20, 30_000, 0), firm(1, 15, 20, 29_000, 0)), 3_000)
    assert solve(problem).optimal  # type: ignore[union-attr]
    kept = [2_000, 0]
    monkeypatch.setattr("services.matching.domain.allocation.solve.settle", lambda *_: list(kept))
    poor = solve(problem)
    assert isinstance(poor, Allocation)
    assert (poor.objective, poor.optimal) == (2_000 * 30_000, False)


def test_two_limits_of_one_name_are_refused() -> None:
    """They would share one price, and the bound would be loose."""
    two = (Group("west", (0,), 10), Group("west", (0,), 20))
    with pytest.raises(Invalid, match="one name"):
        AllocationProblem((firm(0, 10, 20, 0, 0),), 1, limits=two)


@some
@given(problems(floors=False), st.integers(1, 10**7))
def test_more_budget_is_never_worth_less(problem: AllocationProblem, more: int) -> None:
    """Up to the fen that rounding costs."""
    one, other = solve(problem), solve(replace(problem, budget_fen=problem.budget_fen + more))
    assert isinstance(one, Allocation)
    assert isinstance(other, Allocation)
    assert other.objective >= one.objective - (len(problem.rows) + 1) * MILLIONTHS


@some
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_firms_does_not_matter(problem: AllocationProblem, random: object) -> None:
    """What the plan earns is the same, wherever a firm stands in the list."""
    order = list(range(len(problem.candidates)))
    random.shuffle(order)  # type: ignore[attr-defined]
    place = {old: new for new, old in enumerate(order)}

    def moved(group: Group) -> Group:
        return replace(group, members=tuple(place[i] for i in group.members))

    other = replace(
        problem,
        candidates=tuple(problem.candidates[i] for i in order),
        limits=tuple(map(moved, problem.limits)),
        floors=tuple(map(moved, problem.floors)),
    )
    one, two = solve(problem), solve(other)
    assert type(one) is type(two)
    if isinstance(one, Allocation) and isinstance(two, Allocation):
        assert one.objective == pytest.approx(two.objective, abs=(len(problem.rows) + 1) * MILLIONTHS)


@some
@given(problems(floors=False), st.integers(2, 9))
def test_all_amounts_times_k_are_worth_k_times_as_much(problem: AllocationProblem, factor: int) -> None:
    """Up to the fen that rounding costs."""
    larger = AllocationProblem(
        tuple(replace(c, least_fen=c.least_fen * factor, most_fen=c.most_fen * factor) for c in problem.candidates),
        problem.budget_fen * factor,
        tuple(replace(limit, fen=limit.fen * factor) for limit in problem.limits),
        (),
        None if problem.loss_fen is None else problem.loss_fen * factor,
        problem.loss_share,
    )
    one, other = solve(problem), solve(larger)
    assert isinstance(one, Allocation)
    assert isinstance(other, Allocation)
    slack = (len(problem.rows) + 2) * factor * MILLIONTHS
    assert other.objective == pytest.approx(one.objective * factor, abs=slack)


@some
@given(problems(), st.lists(st.integers(0, 10**10), min_size=5, max_size=5))
def test_no_prices_whatever_make_a_bound_too_low(problem: AllocationProblem, prices: list[int]) -> None:
    """A wrong certificate is loose, never wrong."""
    found = solve(problem)
    if isinstance(found, Allocation):
        named = dict(zip((row.name for row in problem.rows), prices, strict=False))
        assert verify.bound(problem, named) >= found.objective


def test_a_plan_that_lies_is_found_out() -> None:
    """Too much lent, an amount under the least, a better objective than counted."""
    problem = AllocationProblem((firm(0, 10, 20, 30_000, 0), firm(1, 10, 20, 20_000, 0)), 3_000)
    plan = solve(problem)
    assert isinstance(plan, Allocation)
    assert plan.amounts == (2_000, 1_000)
    assert verify.check(problem, plan).holds
    assert not verify.check(problem, replace(plan, amounts=(2_000, 2_000))).holds
    assert not verify.check(problem, replace(plan, amounts=(2_000, 1))).holds
    assert not verify.check(problem, replace(plan, objective=plan.objective + 1)).holds
    with pytest.raises(ValueError, match="below 0"):
        verify.bound(problem, {"budget": -1})


def test_a_floor_beyond_reach_is_proved_and_named() -> None:
    """One of two floors asks for 500 fen more than its firm can bear."""
    firms = (firm(0, 10, 20, 30_000, 0), firm(1, 10, 20, 20_000, 0))
    problem = AllocationProblem(firms, 10_000, floors=(Group("micro", (0,), 2_500), Group("west", (1,), 1_500)))
    found = solve(problem)
    assert isinstance(found, Impossible)
    assert found.shortfall_fen == {"micro": 500}
    assert verify.shortage(problem, found.multipliers) == 500


def test_nobody_to_lend_to_is_an_empty_plan_and_no_floor_is_met() -> None:
    """Nothing for nobody; a floor for nobody cannot be met."""
    empty = solve(AllocationProblem((), 1_000))
    assert isinstance(empty, Allocation)
    assert empty.amounts == ()
    assert isinstance(solve(AllocationProblem((), 1_000, floors=(Group("micro", (), 1),))), Impossible)


def test_ten_thousand_firms_are_proved_to_the_fen() -> None:
    """Under a budget, ten sector limits, a loss cap and a floor."""
    random = np.random.default_rng(0)
    count = 10_000
    values, losses = random.integers(-10_000, 40_000, count), random.integers(2_000, 50_000, count)
    most, sector = random.integers(20_000, 100_000, count), random.integers(0, 10, count)
    firms = tuple(firm(i, 10_000, int(most[i]), int(values[i]), int(losses[i])) for i in range(count))
    budget = count * 33_000 * YUAN
    limits = tuple(Group(f"{s}", tuple(np.flatnonzero(sector == s).tolist()), budget * 15 // 100) for s in range(10))
    micro = Group("micro", tuple(np.flatnonzero(random.random(count) < 0.4).tolist()), budget // 2)
    problem = AllocationProblem(firms, budget, limits, (micro,), loss_fen=budget // 50)
    plan = solve(problem)
    assert isinstance(plan, Allocation)
    assert verify.check(problem, plan).holds
    assert plan.gap_fen <= len(problem.rows)


def test_impossible_bounds_are_refused() -> None:
    """With the firm's name."""
    with pytest.raises(Invalid):
        AllocationProblem((firm(0, 20, 10, 0, 0),), 1)
