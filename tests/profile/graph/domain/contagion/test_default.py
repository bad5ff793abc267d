"""Losses along debts: vectors worked out by hand, an independent loop, and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.graph.domain.contagion.default import Credit, Model, Ties, impacts, propagate
from services.profile.graph.domain.contagion.paths import strongest


def ties(*debts: tuple[int, int, float], equity: list[float], lgd: float = 1.0) -> Ties:
    """Debts as (creditor, debtor, amount)."""
    columns = [np.array(column) for column in zip(*debts, strict=True)] or [np.array([], dtype=int)] * 3
    credit = Credit(columns[0].astype(int), columns[1].astype(int), columns[2].astype(float))
    return Ties(credit, np.array(equity, dtype=float), lgd)


def test_a_default_costs_the_creditor_what_is_lost_of_its_claim_as_a_share_of_its_equity() -> None:
    found = propagate(ties((1, 0, 50), equity=[100, 200], lgd=0.6), np.array([1.0, 0]))
    assert found.share.tolist() == [1.0, 0.15]
    assert found.loss.tolist() == [30.0]


def test_what_goes_round_comes_back_and_adds_up() -> None:
    """0 owes 1, 1 owes 0: from a shock of 0.2, h0 = 0.2 + h1/2 and h1 = h0/2 give 4/15 and 2/15 (Bardoscia 2015)."""
    found = propagate(ties((1, 0, 50), (0, 1, 50), equity=[100, 100]), np.array([0.2, 0]))
    assert found.share == pytest.approx([4 / 15, 2 / 15], abs=1e-9)
    assert found.settled


def test_no_firm_loses_more_than_its_equity() -> None:
    found = propagate(ties((1, 0, 500), (2, 1, 10), equity=[100, 100, 100]), np.array([1.0, 0, 0]))
    assert found.share.tolist() == [1.0, 1.0, 0.1]


def test_the_nonlinear_model_passes_on_less_of_what_is_short_of_default() -> None:
    tied, half = ties((1, 0, 100), equity=[100, 100]), np.array([0.5, 0])
    linear, other = propagate(tied, half), propagate(tied, half, Model.NONLINEAR)
    assert linear.share[1] == 0.5
    assert other.share[1] == pytest.approx(0.5 * np.exp(-2))
    assert propagate(tied, half * 2, Model.NONLINEAR).share[1] == 1.0


def test_the_strongest_way_is_the_one_with_the_largest_product() -> None:
    """From 0 to 3: straight 0.1; by 1 0.5 x 0.5."""
    tied = ties((3, 0, 10), (1, 0, 50), (3, 1, 50), (2, 3, 1), equity=[100] * 4)
    ways = strongest(tied.credit, impacts(tied), np.array([1.0, 0, 0, 0]))
    assert ways.to(3) == [1, 2]
    assert ways.strength[3] == pytest.approx(0.25)
    assert ways.to(0) == []
    assert ways.to(2) == [1, 2, 3]


@st.composite
def made(draw: st.DrawFn) -> tuple[Ties, np.ndarray]:
    firms = draw(st.integers(2, 7))
    place = st.integers(0, firms - 1)
    debt = st.tuples(place, place, st.integers(0, 200)).filter(lambda each: each[0] != each[1])
    debts = draw(st.lists(debt, min_size=1, max_size=15))
    equity = draw(st.lists(st.integers(0, 300), min_size=firms, max_size=firms))
    shock = draw(st.lists(st.floats(0, 1), min_size=firms, max_size=firms))
    lgd = draw(st.floats(0, 1))
    return ties(*debts, equity=list(equity), lgd=lgd), np.array(shock)


MODELS = st.sampled_from(list(Model))


@settings(max_examples=40, deadline=None)
@given(made(), st.floats(0, 1), MODELS)
def test_no_shock_no_change_and_a_larger_one_never_costs_less(
    made: tuple[Ties, np.ndarray], more: float, model: Model
) -> None:
    tied, shock = made
    assert not propagate(tied, shock * 0, model).share.any()
    less, after = propagate(tied, shock, model), propagate(tied, np.minimum(shock + more, 1.0), model)
    assert (after.share >= less.share - 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(made(), MODELS)
def test_nothing_is_passed_on_beyond_what_is_owed_and_nothing_comes_from_nowhere(
    made: tuple[Ties, np.ndarray], model: Model
) -> None:
    """Losses are no more than the debt; a firm's loss is no more than the shock and what its debtors passed on."""
    tied, shock = made
    found = propagate(tied, shock, model)
    assert (found.loss <= tied.credit.amount + 1e-9).all()
    came = np.bincount(tied.credit.creditor, found.loss, len(tied.equity))
    lost = (found.share - shock) * tied.equity
    assert (lost <= came + 1e-6).all()
    assert (found.share <= 1).all()


@settings(max_examples=30, deadline=None)
@given(made(), st.randoms(use_true_random=False), MODELS)
def test_the_order_of_debts_changes_no_bit(made: tuple[Ties, np.ndarray], random: object, model: Model) -> None:
    tied, shock = made
    credit = tied.credit
    order = np.array(sorted(range(len(credit.amount)), key=lambda _: random.random()))  # type: ignore[attr-defined]
    mixed = Credit(credit.creditor[order], credit.debtor[order], credit.amount[order])
    again = propagate(Ties(mixed, tied.equity, tied.loss_given_default), shock, model)
    assert (again.share == propagate(tied, shock, model).share).all()


@settings(max_examples=30, deadline=None)
@given(made())
def test_it_is_what_a_plain_loop_over_firms_comes_to(made: tuple[Ties, np.ndarray]) -> None:
    """An oracle of its own: loss after loss by the balance sheets, until nothing moves."""
    tied, shock = made
    debts = list(
        zip(*(c.tolist() for c in (tied.credit.creditor, tied.credit.debtor, tied.credit.amount)), strict=True)
    )
    share = shock.tolist()
    for _ in range(5000):
        after = []
        for firm, equity in enumerate(tied.equity.tolist()):
            gone = 0.0
            for creditor, debtor, amount in debts:
                if creditor == firm and (lost := amount * tied.loss_given_default) > 0:
                    gone += (1.0 if lost >= equity else lost / equity) * share[debtor]
            after.append(min(1.0, shock[firm] + min(gone, 1.0)))
        moved = max(abs(a - b) for a, b in zip(after, share, strict=True))
        share = after
        if moved < 1e-13:
            break
    assert propagate(tied, shock).share == pytest.approx(share, abs=1e-6)
