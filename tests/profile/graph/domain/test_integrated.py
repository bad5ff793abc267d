"""Integrated ownership: equal to the linear-algebra solution, and whole where that has none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ownership import dense, stakes
from scipy.sparse import csr_array

from services.profile.graph.domain.control import integrated
from services.profile.graph.domain.control.integrated import Holdings, holdings, owned, owners


def owns(held: Holdings, firm: str) -> dict[str, float]:
    places, shares = owners(held, held.place[firm])
    return {held.names[i]: round(float(share), 12) for i, share in zip(places, shares, strict=True)}


@st.composite
def matrices(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw shares of up to nine firms with rings among them, of each firm less than the whole in others' hands."""
    size = draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    shares = rng.random((size, size)) * (rng.random((size, size)) < draw(st.sampled_from([0.2, 0.4, 0.8])))
    np.fill_diagonal(shares, 0)
    return shares / np.maximum(shares.sum(axis=0), 1e-12) * rng.choice([0.3, 0.9, 0.999], size)


def matrix(shares: NDArray[np.float64]) -> Holdings:
    return Holdings([str(i) for i in range(len(shares))], csr_array(shares))


@given(matrices())
@settings(max_examples=40, deadline=None)
def test_owners_and_holdings_are_those_of_dense_linear_algebra(shares: NDArray[np.float64]) -> None:
    """Row by row and column by column, to 1e-9."""
    held, expected, size = matrix(shares), dense(shares), len(shares)
    for i in range(size):
        up, down = np.zeros(size), np.zeros(size)
        places, values = owners(held, i)
        up[places] = values
        places, values = owned(held, i)
        down[places] = values
        assert np.abs(up - expected[:, i]).max() < 1e-9
        assert np.abs(down - expected[i]).max() < 1e-9


@given(matrices(), st.integers(0, 8))
@settings(max_examples=20, deadline=None)
def test_sweeping_and_solving_give_the_same(shares: NDArray[np.float64], firm: int) -> None:
    """A large graph is iterated, a large ring taken some columns at a time; a small one is inverted."""
    firm %= len(shares)
    solved = owners(matrix(shares), firm)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"DENSE": 0, "DIRECT": 0, "LARGE": 0, "COLUMNS": 2}.items():
            patched.setattr(integrated, name, value)
        swept = owners(matrix(shares), firm)
    assert swept[0].tolist() == solved[0].tolist()
    assert np.abs(swept[1] - solved[1]).max(initial=0) < 1e-9


def test_a_pyramid_multiplies_its_shares() -> None:
    """A holds 60 % of B, that 60 % of C, that 60 % of D: the textbook case of control with little ownership."""
    held = holdings(stakes(("A", "B", 0.6), ("B", "C", 0.6), ("C", "D", 0.6)).stakes)
    assert owns(held, "D") == {"A": 0.216, "B": 0.36, "C": 0.6}


def test_two_ways_add_up() -> None:
    held = holdings(stakes(("A", "B", 0.5), ("A", "C", 0.3), ("B", "C", 0.4)).stakes)
    assert owns(held, "C")["A"] == pytest.approx(0.5)


def test_cross_holdings_count_what_flows_back_once() -> None:
    """X holds 80 % of A; A and B hold 40 % and 20 % of each other: by hand 0.32 / 0.92 of B, 0.8 / 0.92 of A."""
    held = holdings(stakes(("X", "A", 0.8), ("A", "B", 0.4), ("B", "A", 0.2)).stakes)
    found = owns(held, "B")
    assert found["X"] == pytest.approx(0.8 * 0.4 / 0.92)
    assert found["A"] == pytest.approx(0.4)
    assert found["B"] == pytest.approx(0.08)
    assert owns(held, "A")["X"] == pytest.approx(0.8 / 0.92)


def test_a_ring_that_owns_itself_whole_is_nobodys_outside() -> None:
    """I - A has no inverse; what each holds of the next is told all the same, and what follows from it."""
    held = holdings(stakes(("A", "B", 1.0), ("B", "A", 1.0), ("B", "C", 0.6)).stakes)
    assert owns(held, "A") == {"A": 1.0, "B": 1.0}
    assert owns(held, "C") == {"A": 0.6, "B": 0.6}


@given(matrices(), st.integers(0, 8))
@settings(max_examples=25, deadline=None)
def test_what_people_own_of_a_firm_adds_up_to_the_whole(shares: NDArray[np.float64], firm: int) -> None:
    """Where a person holds all that firms do not, persons own everything in the end."""
    size = len(shares)
    whole = np.zeros((2 * size, 2 * size))
    whole[:size, :size] = shares
    whole[size + np.arange(size), np.arange(size)] = 1 - shares.sum(axis=0)
    places, values = owners(matrix(whole), firm % size)
    assert values[places >= size].sum() == pytest.approx(1, abs=1e-9)
