"""A budget that counts what is drawn: the same bound as a linear program over every rate, and plans that reach it."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

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
from services.matching.domain.allocation.rates import divide
from services.matching.domain.allocation.terms import Firm, Terms, candidates, hull
from services.matching.domain.churn import Paid, fit

some = settings(max_examples=40)


def offer(place: int, least: int, most: int, rate: int, drawn: int, value: int, loss: int) -> Candidate:
    return Candidate(f"local:F{place:05}", least, most, value, loss, Decimal(rate) / 100, drawn)


@st.composite
def menus(draw: st.DrawFn, most_firms: int = 4, grain: int = 1) -> list[list[Candidate]]:
    """Draw for each firm some rates: the higher, the less is drawn; what a drawn yuan loses is the firm's own.

    With a grain of ten, losses are in proportion to what is drawn to the last millionth.
    """
    found = []
    for place in range(draw(st.integers(1, most_firms))):
        least = draw(st.integers(1, 50)) * 100_000
        most = least + draw(st.integers(0, 100)) * 100_000
        cost, lost = (draw(st.integers(low, high)) // grain * grain for low, high in ((10_000, 120_000), (0, 50_000)))
        shares = sorted(draw(st.lists(st.integers(1, 10), min_size=1, max_size=4, unique=True)), reverse=True)
        found.append(
            [
                offer(
                    place,
                    least,
                    most,
                    4 + n,
                    share * 100_000,
                    (40_000 + n * 15_000 - cost) * share // 10,
                    lost * share // 10,
                )
                for n, share in enumerate(shares)
            ]
        )
    return found


@st.composite
def problems(draw: st.DrawFn, grain: int = 1) -> tuple[AllocationProblem, AllocationProblem]:
    """Draw the problem over the hulls, and the same over every rate."""
    firms = draw(menus(grain=grain))
    total = sum(menu[0].most_fen for menu in firms)
    part = st.integers(0, 100).map(lambda share: total * share // 100)
    numbers = {
        "budget_fen": draw(part),
        "loss_fen": draw(st.one_of(st.none(), part.map(lambda fen: fen // 50))),
        "loss_share": draw(st.one_of(st.none(), st.integers(0, 50_000))),
    }
    limit, floor = draw(part), draw(part) // 8

    def made(of: list[list[Candidate]]) -> AllocationProblem:
        flat = tuple(one for menu in of for one in menu)
        places = {menu[0].enterprise: place for place, menu in enumerate(of)}
        at = [places[one.enterprise] for one in flat]
        return AllocationProblem(
            flat,
            limits=(Group("even", tuple(i for i, place in enumerate(at) if place % 2 == 0), limit),),
            floors=(Group("odd", tuple(i for i, place in enumerate(at) if place % 2), floor),) if len(of) > 1 else (),
            counts_drawn=True,
            **numbers,
        )

    return made([hull(menu) for menu in firms]), made(firms)


def relaxed(problem: AllocationProblem) -> float | None:
    """Return in fen the most of a linear program with an amount for each rate of each firm; None if infeasible."""
    count = len(problem.candidates)
    rows = [[row.weights.get(i, 0) / MILLIONTHS for i in range(count)] for row in problem.rows]
    one = [[float(i in menu) for i in range(count)] for menu in problem.menus]
    right = [row.bound / MILLIONTHS for row in problem.rows]
    most = [float(problem.candidates[menu[0]].most_fen) for menu in problem.menus]
    found = linprog([-c.value / MILLIONTHS for c in problem.candidates], [*rows, *one], [*right, *most])
    return -found.fun if found.status == 0 else None


def by_trying(problem: AllocationProblem) -> float | None:
    """Return in fen the best over every choice of a rate, or none, for each firm; None if infeasible."""
    count, best = len(problem.candidates), None
    matrix = np.array([[row.weights.get(i, 0) / MILLIONTHS for i in range(count)] for row in problem.rows])
    right = [row.bound / MILLIONTHS for row in problem.rows]
    for chosen in product(*((None, *menu) for menu in problem.menus)):
        bounds = [(c.least_fen, c.most_fen) if i in chosen else (0, 0) for i, c in enumerate(problem.candidates)]
        found = linprog([-c.value / MILLIONTHS for c in problem.candidates], matrix, right, bounds=bounds)
        if found.status == 0:
            best = max(-found.fun, -found.fun if best is None else best)
    return best


@some
@given(problems())
def test_the_bound_is_that_of_a_linear_program_over_every_rate(
    both: tuple[AllocationProblem, AllocationProblem],
) -> None:
    """Hulls lose nothing: what lies under one is never better, whatever the conditions are."""
    over_hulls, over_all = both
    found, most = divide(over_hulls), relaxed(over_all)
    if isinstance(found, Allocation):
        assert most is not None
        # Shares and losses are whole millionths, so that a rate may stick out of its hull by so much.
        assert found.bound / MILLIONTHS == pytest.approx(most, rel=1e-4, abs=200)


@some
@given(problems())
def test_a_plan_is_as_good_as_trying_every_rate_of_every_firm(
    both: tuple[AllocationProblem, AllocationProblem],
) -> None:
    """Feasible to the fen, counted anew, no better than its bound, and the best there is where it says so."""
    problem, over_all = both
    found, best = divide(problem), by_trying(over_all)
    slack = len(problem.rows) + 2
    if isinstance(found, Impossible):
        assert best is None or sum(found.shortfall_fen.values()) <= slack
        return
    assert verify.check(problem, found).holds
    assert best is not None
    assert found.objective / MILLIONTHS <= best + slack
    assert not found.optimal or found.objective / MILLIONTHS >= best - slack


@some
@given(problems(grain=10))
def test_no_plan_is_worth_more_than_the_bound_at_any_rates(both: tuple[AllocationProblem, AllocationProblem]) -> None:
    """The best over every choice of rates, those below the hulls too, to a hundredth of a fen."""
    over_hulls, over_all = both
    found, best = divide(over_hulls), by_trying(over_all)
    if isinstance(found, Allocation):
        assert best is not None
        assert found.objective <= found.bound
        assert best <= found.bound / MILLIONTHS + max(0.01, best * 1e-9)


def test_money_at_two_rates_for_one_firm_is_found_out() -> None:
    """The verifier knows that a firm takes one offer."""
    pair = (offer(0, 100, 1_000, 9, 400_000, 30_000, 0), offer(0, 100, 1_000, 5, 900_000, 40_000, 0))
    problem = AllocationProblem(pair, 10_000, counts_drawn=True)
    plan = divide(problem)
    assert isinstance(plan, Allocation)
    assert plan.amounts == (0, 1_000)
    assert verify.violated(problem, (500, 500)) == ["local:F00000 gets money at two rates"]


def test_rates_to_choose_from_are_only_for_a_budget_of_drawings() -> None:
    """Elsewhere the best rate is the same in every plan."""
    pair = (offer(0, 100, 1_000, 9, 400_000, 30_000, 0), offer(0, 100, 1_000, 5, 900_000, 40_000, 0))
    with pytest.raises(Invalid, match="one candidate"):
        AllocationProblem(pair, 10_000)


CURVE = fit([(Decimal("0.05"), 0.1), (Decimal("0.08"), 0.4), (Decimal("0.10"), 0.7), (Decimal("0.12"), 0.9)])


def terms(paid: Paid) -> Terms:
    return Terms(Decimal("0.5"), Decimal("0.03"), Decimal("0.04"), Decimal("0.15"), 1_000, 100_000, {"A": CURVE}, paid)


def planned(budget: int, paid: Paid = Paid.DRAWN_BUDGET) -> Allocation:
    firms = [Firm(f"local:E{i}", 0.01, "A") for i in range(10)]
    offered, _ = candidates(firms, terms(paid))
    problem = AllocationProblem(tuple(c for _, c in offered), budget, counts_drawn=paid is Paid.DRAWN_BUDGET)
    plan = divide(problem)
    assert isinstance(plan, Allocation)
    assert plan.optimal
    return plan


def test_the_scarcer_the_budget_the_higher_the_rates() -> None:
    """By hand a further drawn yuan earns 8.5 % at first, 5.5 % down to 10 %, 2.5 % down to 8 %, then costs 4.5 %."""
    offered, _ = candidates([Firm("local:E1", 0.01, "A")], terms(Paid.DRAWN_BUDGET))
    assert [str(candidate.rate) for _, candidate in offered] == ["0.12", "0.10", "0.08", "0.05"]
    plenty, scarce = planned(10_000_000), planned(100_000)
    assert list(plenty.amounts[2::4]) == [100_000] * 10
    assert list(scarce.amounts[0::4]) == [100_000] * 10


def test_a_budget_of_drawings_earns_at_least_what_a_budget_of_offers_does() -> None:
    """Whoever may offer until so much is drawn can do all that who may offer so much can."""
    for budget in (50_000, 300_000, 700_000):
        assert planned(budget).objective >= planned(budget, Paid.DRAWN).objective


def test_a_rate_below_its_hull_may_be_the_best_and_then_nothing_is_called_optimal() -> None:
    """In fractions of a firm it never is; but a firm gets one rate."""
    rates = ((8, 800_000, 160_000), (9, 500_000, 125_000), (10, 200_000, 100_000))
    menu = [offer(0, 100, 10_000_000, rate, drawn, value, 0) for rate, drawn, value in rates]
    plan = divide(AllocationProblem(tuple(hull(menu)), 5_000_000, counts_drawn=True))
    assert isinstance(plan, Allocation)
    assert not plan.optimal
    assert plan.objective < 1_250_000 * MILLIONTHS <= plan.bound
