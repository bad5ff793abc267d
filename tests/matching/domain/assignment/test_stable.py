"""Assignments: fair and best for the firms by brute force, stable by a count that knows only the definition."""

from __future__ import annotations

from dataclasses import replace
from itertools import product as every

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.core.errors import Invalid
from services.matching.domain.assignment.market import NOWHERE, Market
from services.matching.domain.assignment.stable import assign, in_turn
from services.matching.domain.assignment.verify import check


@st.composite
def markets(draw: st.DrawFn, *, same_amount: bool = False) -> Market:
    """Up to five firms and three products."""
    firms, products = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    amounts = [1] * firms if same_amount else draw(st.lists(st.integers(1, 5), min_size=firms, max_size=firms))
    wishes = [tuple(draw(st.permutations(range(products)))[: draw(st.integers(0, products))]) for _ in range(firms)]
    priority = np.array([draw(st.permutations(range(firms))) for _ in range(products)], dtype=np.int64)
    budgets = draw(st.lists(st.integers(0, 9), min_size=products, max_size=products))
    quotas = draw(st.lists(st.integers(0, 4), min_size=products, max_size=products))
    return Market(tuple(amounts), tuple(wishes), priority, tuple(budgets), tuple(quotas))


def feasible(market: Market) -> list[tuple[int, ...]]:
    """Every assignment that keeps to wishes, budgets and quotas."""
    choices = [(NOWHERE, *wishes) for wishes in market.wishes]
    return [got for got in every(*choices) if not check(market, got).violations]


def place(market: Market, firm: int, got: int) -> int:
    wishes = market.wishes[firm]
    return len(wishes) if got == NOWHERE else wishes.index(got)


def best_for_all(market: Market, those: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """Return the assignment of these that every firm likes at least as well as any other, if there is one."""
    for one in those:
        if all(
            place(market, i, one[i]) <= place(market, i, other[i])
            for other in those
            for i in range(len(market.amounts))
        ):
            return one
    return None


def blocks_by_definition(market: Market, got: tuple[int, ...]) -> int:
    """Written once more from the words of the definition."""
    count = 0
    for i, wishes in enumerate(market.wishes):
        for j in wishes:
            if place(market, i, j) >= place(market, i, got[i]):
                continue
            stay = [k for k, held in enumerate(got) if held == j and market.priority[j, k] < market.priority[j, i]]
            spent = sum(market.amounts[k] for k in stay) + market.amounts[i]
            count += spent <= market.budgets[j] and len(stay) + 1 <= market.quotas[j]
    return count


@settings(max_examples=300)
@given(markets())
def test_deferred_acceptance_finds_the_fair_assignment_that_every_firm_likes_best(market: Market) -> None:
    """Among all fair ones, by trying them all."""
    fair = [got for got in feasible(market) if check(market, got).envy == 0]
    found = in_turn(market)
    assert tuple(found) == best_for_all(market, fair)
    assert check(market, found).in_turn


@settings(max_examples=300)
@given(markets())
def test_what_is_called_stable_has_no_blocking_pair(market: Market) -> None:
    """And where none is found, at least nobody envies rightly or is passed over."""
    found = assign(market)
    verdict = check(market, found.product)
    assert verdict.stable or (verdict.in_turn and not found.stable)
    assert verdict.blocking == blocks_by_definition(market, found.product)
    assert found.stable <= verdict.stable


@settings(max_examples=200)
@given(markets(same_amount=True))
def test_with_equal_amounts_it_is_the_firm_optimal_stable_assignment(market: Market) -> None:
    """Gale and Shapley's, by trying all stable ones."""
    stable = [got for got in feasible(market) if blocks_by_definition(market, got) == 0]
    found = assign(market)
    assert found.stable
    assert found.product == best_for_all(market, stable)


def test_a_market_without_a_stable_assignment_is_told_apart() -> None:
    """Two products that chase one another: found by trying small markets."""
    market = unstable()
    assert not any(blocks_by_definition(market, got) == 0 for got in feasible(market))
    found = assign(market)
    assert not found.stable
    assert check(market, found.product).in_turn


def unstable() -> Market:
    random = np.random.default_rng(0)
    while True:
        firms, products = 3, 2
        market = Market(
            tuple(int(a) for a in random.integers(1, 4, firms)),
            tuple(tuple(int(j) for j in random.permutation(products)) for _ in range(firms)),
            np.array([random.permutation(firms) for _ in range(products)]),
            tuple(int(b) for b in random.integers(1, 5, products)),
            (3,) * products,
        )
        if not any(blocks_by_definition(market, got) == 0 for got in feasible(market)):
            return market


def large(firms: int, products: int, seed: int = 0) -> Market:
    random = np.random.default_rng(seed)
    amounts = random.integers(100, 5_000, firms) * 1_000_000
    wishes = tuple(tuple(random.permutation(products)[: random.integers(5, 60)].tolist()) for _ in range(firms))
    priority = np.array([random.permutation(firms) for _ in range(products)])
    budget = int(amounts.sum()) * 7 // 10 // products
    return Market(tuple(amounts.tolist()), wishes, priority, (budget,) * products, (firms,) * products)


def test_what_a_product_leaves_is_less_than_the_first_that_waits_asks_for() -> None:
    """A thousand firms at fifty products: in turn, exactly stable at the budgets that are spent."""
    market = large(1_000, 50)
    got = in_turn(market)
    assert check(market, got).in_turn
    spent = [sum(market.amounts[i] for i, held in enumerate(got) if held == j) for j in range(50)]
    assert check(replace(market, budgets=tuple(spent)), got).stable
    assert all(0 <= budget - used < max(market.amounts) for budget, used in zip(market.budgets, spent, strict=True))


def test_products_that_rank_alike_are_always_stable() -> None:
    """Five thousand firms at two hundred products, counted by the verifier."""
    market = large(5_000, 200)
    alike = replace(market, priority=np.repeat(market.priority[:1], 200, axis=0))
    found = assign(alike)
    assert found.stable
    assert check(alike, found.product).stable


def test_the_verifier_finds_what_is_wrong() -> None:
    """A budget exceeded, a product not wished for, a firm passed over."""
    market = Market((2, 1), ((0,), (0,)), np.array([[0, 1]]), (2,), (2,))
    assert check(market, (0, 0)).violations
    assert check(market, (1, NOWHERE)).violations
    passed_over = check(market, (NOWHERE, 0))
    assert (passed_over.blocking, passed_over.envy, passed_over.next) == (1, 1, 1)
    assert check(market, (0, NOWHERE)).stable


def test_priorities_that_leave_it_open_are_refused() -> None:
    """Two firms alike would make the answer depend on their order."""
    with pytest.raises(Invalid):
        Market((1, 1), ((0,), (0,)), np.zeros((1, 2), dtype=np.int64), (1,), (1,))
