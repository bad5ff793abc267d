"""The Economic Systemic Risk Index: the published vector, vectors worked out by hand, and its laws."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.graph.domain.contagion.esri import esri, produce
from services.profile.graph.domain.contagion.supply import Links, Need, Supply, supply_of

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[6] / "shared" / "data")) / "esri"
Told = tuple[str, str, float, Need]


def network(*links: Told, industry: str, outside: dict[str, float] | None = None) -> tuple[Supply, list[str]]:
    """A network of links (supplier, customer, value, need); `industry` says it of each firm: `A1 B2`."""
    of = {each[:-1]: int(each[-1]) for each in industry.split()}
    names = sorted(of)
    at = {name: place for place, name in enumerate(names)}
    columns = list(zip(*links, strict=True)) or [()] * 4
    made = Links(
        np.array([at[s] for s in columns[0]], dtype=np.int64),
        np.array([at[c] for c in columns[1]], dtype=np.int64),
        np.array(columns[2], dtype=float),
        np.array(columns[3], dtype=np.int64),
    )
    sold = None if outside is None else np.array([outside.get(name, 0.0) for name in names])
    return supply_of(made, np.array([of[name] for name in names]), sold), names


def index(network: tuple[Supply, list[str]]) -> dict[str, float]:
    """The index of each firm, by name."""
    supply, names = network
    return dict(zip(names, esri(supply, np.arange(len(names))).tolist(), strict=True))


@pytest.mark.skipif(not REAL.exists(), reason="needs shared/data/esri (the authors' published vector)")
def test_the_published_vector_is_met() -> None:
    """Thirteen companies, to 1e-9."""
    edges, expected = pl.read_csv(REAL / "edges.csv"), pl.read_csv(REAL / "expected.csv")
    names = expected["company"].to_list()
    codes: dict[str, int] = {}
    for supplier, customer, mine, its in edges.select("supplier", "customer", "supplierNACE", "customerNACE").rows():
        codes |= {supplier: mine, customer: its}
    place = {code: n for n, code in enumerate(sorted(set(codes.values())))}
    links = Links(
        np.array([names.index(name) for name in edges["supplier"]]),
        np.array([names.index(name) for name in edges["customer"]]),
        edges["weight"].to_numpy().astype(float),
        edges["type"].to_numpy(),
    )
    supply = supply_of(links, np.array([place[codes[name]] for name in names]))
    assert np.abs(esri(supply, np.arange(len(names))) - expected["esri"].to_numpy()).max() < 1e-9


def test_an_essential_input_that_nobody_else_makes_stops_the_customer() -> None:
    """A → B → outside: A sells 10, B 30; A's failure stops B, B's failure takes A's only customer."""
    found = index(network(("A", "B", 10, Need.ESSENTIAL), industry="A1 B2", outside={"B": 30}))
    assert found == {"A": 1.0, "B": 1.0}


def test_an_input_needed_in_part_costs_its_share_of_all_inputs() -> None:
    """B buys 10 from A and 30 from C, each of its own industry: without A it makes a quarter less, (10 + 15) / 100."""
    links = (("A", "B", 10, Need.PART), ("C", "B", 30, Need.PART))
    assert index(network(*links, industry="A1 B2 C3", outside={"B": 60}))["A"] == pytest.approx(0.25, abs=1e-12)


def test_others_of_the_industry_take_the_place_of_a_supplier_as_far_as_their_share_goes() -> None:
    """A sells 10 to B; D of A's industry sells 40 outside: what is lost of A counts 10/40, and then no more.

    Downstream B loses 1/4 of 50, A all of 10, of sales of 100 in all.
    """
    found = index(network(("A", "B", 10, Need.ESSENTIAL), industry="A1 B2 D1", outside={"B": 50, "D": 40}))
    assert found["A"] == pytest.approx((10 + 50 / 4) / 100, abs=1e-12)


def test_what_is_not_needed_at_all_costs_the_customer_nothing() -> None:
    found = index(network(("A", "B", 10, Need.NONE), industry="A1 B2", outside={"B": 30}))
    assert found["A"] == 0.25


def test_the_two_ways_do_not_feed_each_other() -> None:
    """A's failure stops B; that C, another supplier of B, then sells less is not counted on the way downstream."""
    links = (("A", "B", 10, Need.ESSENTIAL), ("C", "B", 10, Need.ESSENTIAL))
    assert index(network(*links, industry="A1 B2 C3", outside={"B": 20}))["A"] == pytest.approx(30 / 40)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Links, np.ndarray, np.ndarray]:
    firms = draw(st.integers(2, 8))
    place = st.integers(0, firms - 1)
    link = st.tuples(place, place, st.integers(1, 100), st.sampled_from(list(Need)))
    links = draw(st.lists(link.filter(lambda each: each[0] != each[1]), min_size=1, max_size=20))
    industry = draw(st.lists(st.integers(0, 3), min_size=firms, max_size=firms))
    outside = draw(st.lists(st.integers(0, 50), min_size=firms, max_size=firms))
    supplier, customer, value, need = (np.array(column) for column in zip(*links, strict=True))
    return Links(supplier, customer, value.astype(float), need), np.array(industry), np.array(outside, dtype=float)


@settings(max_examples=40, deadline=None)
@given(networks(), st.data())
def test_no_shock_no_change_and_a_larger_shock_never_costs_less(
    made: tuple[Links, np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    supply = supply_of(*made)
    small = np.array(data.draw(st.lists(st.floats(0, 1), min_size=supply.firms, max_size=supply.firms)))[:, None]
    large = np.minimum(small + data.draw(st.floats(0, 1)), 1.0)
    found = produce(supply, np.hstack([np.zeros_like(small), small, large]))
    assert not found.loss[:, 0].any()
    assert (found.loss[:, 2] >= found.loss[:, 1] - 1e-9).all()
    assert (found.loss[:, 1] >= small[:, 0]).all()
    assert (found.loss <= 1).all()


@settings(max_examples=25, deadline=None)
@given(networks(), st.randoms(use_true_random=False))
def test_the_order_of_links_and_the_company_of_shocks_change_no_bit(
    made: tuple[Links, np.ndarray, np.ndarray], random: object
) -> None:
    links, industry, outside = made
    order = np.array(sorted(range(len(links.value)), key=lambda _: random.random()))  # type: ignore[attr-defined]
    mixed = Links(links.supplier[order], links.customer[order], links.value[order], links.need[order])
    firms = np.arange(len(industry))
    whole = esri(supply_of(links, industry, outside), firms)
    assert (esri(supply_of(mixed, industry, outside), firms) == whole).all()
    alone = [esri(supply_of(links, industry, outside), firms[[firm]])[0] for firm in firms]
    assert np.allclose(alone, whole, atol=1e-12)


def test_what_has_not_come_to_rest_says_so() -> None:
    """A chain of five needs five steps: with three allowed it is not settled, and no more than the whole answer."""
    links = tuple((a, b, 10, Need.ESSENTIAL) for a, b in zip("ABCD", "BCDE", strict=True))
    supply, _ = network(*links, industry="A0 B1 C2 D3 E4")
    shock = np.array([[1.0], [0], [0], [0], [0]])
    short, long = produce(supply, shock, most=3), produce(supply, shock)
    assert (short.downstream.settled, long.downstream.settled) == (False, True)
    assert (short.loss <= long.loss).all()
    assert short.downstream.change > 0
