"""Figures of ties: counted as by hand, the same in any order, never of the firm's own records or of who defaulted."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.graph.domain.figures import FACTS, FIGURES, TIES, figures, network
from services.profile.graph.domain.figures.declared_of_trade import TRADE
from services.profile.graph.domain.figures.measures import shells
from services.profile.graph.domain.figures.of_ties import OF_GROUP, OFFICES
from services.profile.graph.domain.figures.told import around

FIRMS, PERSONS = ("f:A", "f:B", "f:C", "f:D", "f:E"), ("hash:p", "hash:q", "hash:r")
SORTS = ("supervises", "manages", "owns", "invests", "guarantees")
TIE = st.tuples(st.sampled_from(FIRMS + PERSONS), st.sampled_from(FIRMS), st.sampled_from(SORTS))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[tuple[str, str, str, float]], dict[str, tuple[float, float]]]:
    """Draw ties with weights, and each firm's capital and adverse records."""
    drawn = draw(st.lists(TIE.filter(lambda tie: tie[0] != tie[1]), unique=True, max_size=12))
    told = [(*tie, float(draw(st.integers(0, 9)))) for tie in drawn]
    return told, {firm: (float(draw(st.integers(0, 50))), float(draw(st.integers(0, 3)))) for firm in FIRMS}


def frame(told):
    return pl.DataFrame(told, schema=TIES, orient="row")


def facts(known):
    rows = [(name, name in FIRMS, *known.get(name, (0.0, 0.0))) for name in FIRMS + PERSONS]
    return pl.DataFrame(rows, schema=FACTS, orient="row")


def measured(told, known):
    found = figures(network(frame(told), FIRMS), facts(known))
    return {row["enterprise"]: row for row in found.to_dicts()}


def by_hand(told, known, firm):
    """Return some of the figures of a firm by walking its ties, as an oracle."""
    beside = {name: {b if a == name else a for a, b, *_ in told if name in (a, b)} for name in FIRMS + PERSONS}
    near = [{firm}]
    for _ in range(3):
        near.append({other for name in near[-1] for other in beside[name]} - set().union(*near))
    group = {firm}
    while True:
        more = {x for a, b, sort, _ in told if sort in OF_GROUP and (a in group or b in group) for x in (a, b)}
        if more <= group:
            break
        group |= more
    held = {p: {s for a, b, s, _ in told if (a, b) == (p, firm) and s in OFFICES} for p in PERSONS}
    return {
        "corporate_owners": sum(b == firm and s == "invests" for _, b, s, _ in told),
        "investees": sum(a == firm and s == "invests" for a, _, s, _ in told),
        "guarantees": sum(a == firm and s == "guarantees" for a, _, s, _ in told),
        "offices": sum(map(len, held.values())),
        "hired_managers": sum("manages" in each and "owns" not in each for each in held.values()),
        "independent_supervisors": sum(each == {"supervises"} for each in held.values()),
        "combined_offices": sum(len(each) > 1 for each in held.values()),
        "strongest_partner": max((known[x][0] for x in near[1] if x in known), default=0.0),
        "distress_2": sum(known[x][1] for x in near[2] if x in known),
        "distress_3": sum(known[x][1] for x in near[3] if x in known),
        "group_size": sum(x in FIRMS for x in group),
    }


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_figures_are_those_that_one_counts_by_hand(world):
    told, known = world
    found = measured(told, known)
    for firm in FIRMS:
        wanted = by_hand(told, known, firm)
        assert {name: found[firm][name] for name in wanted} == wanted


@settings(max_examples=12, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_neither_the_order_of_ties_nor_a_tie_told_twice_changes_a_byte(world, random):
    told, known = world
    mixed = told + told[:3]
    random.shuffle(mixed)
    assert measured(mixed, known) == measured(told, known)


@settings(max_examples=12, deadline=None)
@given(worlds(), st.sampled_from(FIRMS))
def test_a_firm_s_own_records_are_in_none_of_its_figures(world, firm):
    """They are features of its own already; counted again they would weigh twice."""
    told, known = world
    worse = known | {firm: (known[firm][0], known[firm][1] + 7)}
    assert measured(told, worse)[firm] == measured(told, known)[firm]


@settings(max_examples=12, deadline=None)
@given(worlds(), st.sampled_from(FIRMS))
def test_what_is_cut_out_around_a_firm_gives_its_figures_of_the_whole(world, firm):
    told, known = world
    cut = around(frame(told).with_columns(file="target"), firm)
    found = figures(network(cut, [firm]), facts(known)).filter(pl.col("enterprise") == firm)
    assert found.to_dicts() == [measured(told, known)[firm]]


def test_shells_are_the_distances_of_a_grid():
    """In a grid of 5 × 5 the distance is the sum of the steps either way."""
    places = list(product(range(5), repeat=2))
    names = [f"f:{x}{y}" for x, y in places]
    told = [
        (f"f:{x}{y}", f"f:{i}{j}", "invests", 1.0)
        for x, y in places
        for i, j in ((x + 1, y), (x, y + 1))
        if max(i, j) < 5
    ]
    apart = np.array([[abs(x - i) + abs(y - j) for i, j in places] for x, y in places])
    assert network(frame(told)).names.to_list() == names
    for hop, shell in enumerate(shells(network(frame(told)).links(), 4), start=1):
        assert (shell.todense() == (apart == hop)).all()


def test_a_firm_without_ties_has_zeros_and_no_share_of_nothing():
    found = measured([], dict.fromkeys(FIRMS, (5.0, 1.0)))["f:A"]
    assert (found.pop("enterprise"), found.pop("largest_owner_share"), found.pop("group_size")) == ("f:A", None, 1.0)
    assert set(found.values()) == {0.0}


def test_each_figure_is_declared_once_with_a_direction_and_words_both_ways():
    declared = (*FIGURES, *TRADE)
    assert len({figure.name for figure in declared}) == len(declared)
    for figure in declared:
        assert figure.direction in (-1, 1)
        assert all(text for words in (figure.title, figure.worse, figure.better) for text in (words.zh, words.en))


def test_no_outcome_is_among_the_facts():
    """A firm's label is nobody else's figure: there is no column that it could come in by."""
    assert set(FACTS) == {"node", "firm", "capital", "adverse"}
