"""Figures of trade: dependence both ways, rings, what a partner's failure costs; which rest on one file alone."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.exposed import exposed
from services.profile.graph.domain.contagion.network import File, network
from services.profile.graph.domain.contagion.shock import Shock, strike
from services.profile.graph.domain.figures import FIGURES
from services.profile.graph.domain.figures import figures as figures_of
from services.profile.graph.domain.figures import network as network_of
from services.profile.graph.domain.figures.declared_of_trade import TRADE
from services.profile.graph.domain.figures.dependence import dependence, on_rings
from services.profile.graph.domain.rings import Terms, find
from tests.profile.graph.domain.contagion.test_network import deal, told
from tests.profile.graph.domain.test_figures import FIRMS, TIE, facts, frame

NAMES = ("local:A", "local:B", "local:C", None)
DEAL = st.tuples(st.sampled_from(NAMES[:3]), st.sampled_from(NAMES), st.booleans(), st.integers(-3, 20))


def dealings(rows):
    return pl.DataFrame(rows, schema=["teller", "partner", "sold", "net_fen"], orient="row").cast(
        {"teller": pl.String, "partner": pl.String, "sold": pl.Boolean, "net_fen": pl.Int64}
    )


def sold_by_hand(rows, teller, partner, *, sold):
    return sum(fen for a, b, s, fen in rows if (a, s) == (teller, sold) and partner in (b, "any"))


@settings(max_examples=40, deadline=None)
@given(st.lists(DEAL, max_size=10))
def test_shares_of_both_sides_are_those_that_one_counts_by_hand(rows):
    firm, found = "local:A", dependence(dealings(rows), "local:A")
    for name, relies, sold in (
        ("sales_to_one_12m", "customer_relies_12m", True),
        ("purchases_from_one_12m", "supplier_relies_12m", False),
    ):
        whole = sold_by_hand(rows, firm, "any", sold=sold)
        with_each = {other: sold_by_hand(rows, firm, other, sold=sold) for other in NAMES[1:3]}
        largest = min(max(0, *with_each.values()) / whole, 1) if whole > 0 else None
        assert found[name].value == (None if largest is None else pytest.approx(largest))
        partners = [other for other, fen in with_each.items() if fen > 0 and whole > 0]
        theirs = {other: sold_by_hand(rows, other, "any", sold=not sold) for other in partners}
        shares = [
            min(max(0, sold_by_hand(rows, other, firm, sold=not sold)) / all_, 1)
            for other, all_ in theirs.items()
            if all_ > 0
        ]
        assert found[relies].value == (pytest.approx(max(shares)) if shares else None)


def test_a_partner_whose_file_is_shut_relies_on_nobody_that_one_could_tell():
    found = dependence(dealings([("local:A", "local:B", True, 10), ("local:C", "local:A", False, 10)]), "local:A")
    assert found["customer_relies_12m"].value is None
    assert found["sales_to_one_12m"].behind.rows() == [("B", 10.0)]


def ring(*hops):
    rows = [(a, b, f"n{n}", date(2024, 1, 1 + n), fen) for n, (a, b, fen) in enumerate(hops)]
    edges = pl.DataFrame(rows, schema=["seller", "buyer", "number", "date", "amount"], orient="row")
    return find(edges, Terms(longest=4, days=30, tolerance=0.1)).rings


def test_a_hop_of_two_rings_counts_once():
    """A sells B 100; B goes back to A by itself, and by way of C."""
    rings = ring(("A", "B", 100), ("B", "A", 101), ("B", "C", 102), ("C", "A", 103))
    assert rings.height == 2
    found = on_rings(rings, "A")
    assert (found.value, found.behind.rows()) == (304.0, [("B", 201.0), ("C", 103.0)])
    assert on_rings(rings, "D").value == 0.0


def test_what_a_partner_s_failure_costs_is_what_a_shock_to_it_does():
    """Each loss is the production that the shock of that partner alone takes from the firm, by way of others too."""
    deals = (("A", "B", 60), ("A", "C", 40), ("B", "C", 30))
    both = [deal(buyer, "purchase", seller, fen) for buyer, seller, fen in deals]
    both += [deal(seller, "sale", buyer, fen) for buyer, seller, fen in deals]
    made = network(told(*both), {name: File() for name in NAMES if name})
    found = dict(exposed(made, "local:A").rows())
    assert set(found) == {"local:B", "local:C"}
    for name, lost in found.items():
        effects = {each.enterprise: each.production for each in strike(made, Shock(1.0, (name,)), Model.LINEAR).effects}
        assert lost == pytest.approx(effects["local:A"], abs=1e-12)
    assert found["local:C"] > 0.4  # through B as well


@settings(max_examples=20, deadline=None)
@given(st.lists(TIE.filter(lambda tie: tie[0] != tie[1]), unique=True, max_size=12), st.sampled_from(FIRMS))
def test_figures_of_one_file_alone_are_the_same_whichever_others_are_open(drawn, firm):
    """A tie stands in the file of its target: with all files and with the firm's own alone they are the same bytes."""
    every = [(*tie, 3.0) for tie in drawn]
    names = [figure.name for figure in FIGURES if figure.own_file]
    whole, own = (
        figures_of(network_of(frame(ties), FIRMS), facts({})).filter(pl.col("enterprise") == firm).select(names).row(0)
        for ties in (every, [tie for tie in every if tie[1] == firm])
    )
    assert whole == own


def test_what_could_be_hidden_or_needs_another_s_file_binds_no_model():
    offered = {figure.name for figure in (*FIGURES, *TRADE) if figure.own_file and not figure.hideable}
    assert "trade_with_strong_12m" in offered
    assert not {"distress_1", "guarantees", "sales_to_one_12m", "ring_trade_12m", "systemic_exposure"} & offered
