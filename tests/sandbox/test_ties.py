"""Who stands behind the sandbox's firms: possible on every day, and as the labels tell it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
import rustworkx as rx

from sandbox.economy import Economy, Plan, simulate
from sandbox.labels import labels
from sandbox.ties.truth import Ties, draw_ties
from services.profile.book.domain.relation import DATASET

LAST = date(2024, 12, 31)
c = pl.col
Holdings = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def economy() -> Economy:
    return simulate(Plan(firms=400, months=36))


@pytest.fixture(scope="module")
def ties(economy: Economy) -> Ties:
    return draw_ties(economy)


def live(ties: Ties, relation: str, on: date = LAST) -> pl.DataFrame:
    """Return the relations of a sort that hold on a day."""
    rows = ties.relations.filter(c("relation") == relation)
    return rows.filter(c("since") <= on, c("until").is_null() | (c("until") >= on))


def holdings(ties: Ties) -> Holdings:
    """Return who holds how much of whom at the end of the book."""
    found: Holdings = defaultdict(dict)
    for party, enterprise, share in live(ties, "shareholder").select("party", "enterprise", "share").iter_rows():
        found[party][enterprise] = share
    return found


def controlled(held: Holdings, person: str) -> set[str]:
    """Return the firms of which a person and the firms controlled by it hold more than half together."""
    found: set[str] = set()
    while True:
        sums: dict[str, float] = defaultdict(float)
        for owner in (person, *found):
            for firm, share in held.get(owner, {}).items():
                sums[firm] += share
        more = {firm for firm, share in sums.items() if share > 0.5} | found
        if more == found:
            return found
        found = more


def test_on_no_day_more_than_the_whole_of_a_firm_is_held(ties: Ties) -> None:
    """On every day on which a holding begins, the shares of each firm add up to 100 % at most."""
    days = ties.relations.filter(c("relation") == "shareholder")["since"].unique()
    sums = [live(ties, "shareholder", day).group_by("enterprise").agg(c("share").sum())["share"].max() for day in days]
    assert 0.99 < max(sums) <= 1 + 1e-9


def test_each_planted_group_is_what_its_person_controls_and_there_are_no_others(ties: Ties) -> None:
    """By majorities, added up over controlled firms, the persons of the labels control their groups and nobody else."""
    held, owners = holdings(ties), ties.labels["owners"]
    several = {person: firms for person in held if "person" in person and len(firms := controlled(held, person)) > 1}
    told = owners.group_by("person").agg("enterprise")
    assert several == {person: set(firms) for person, firms in told.iter_rows()}
    assert set(owners["shape"]) == {"chain", "pyramid", "crossing", "cycle", "joint", "star"}


def test_the_integrated_share_is_the_sum_over_all_paths(ties: Ties) -> None:
    """Followed along every chain of holdings, also around circles, the person's parts add up to what is told."""
    held = holdings(ties)
    for person, rows in ties.labels["owners"].group_by("person"):
        wave, total = dict(held[str(person[0])]), defaultdict(float)
        for _ in range(200):
            following: dict[str, float] = defaultdict(float)
            for firm, share in wave.items():
                total[firm] += share
                for owned, part in held.get(firm, {}).items():
                    following[owned] += share * part
            wave = following
        for firm, told in rows.select("enterprise", "integrated_share").iter_rows():
            assert total[firm] == pytest.approx(told, abs=1e-9)


def test_the_live_circles_of_guarantees_are_those_of_the_labels(ties: Ties) -> None:
    """Strongly connected firms in the guarantees of the last day are the planted circles and mutual pairs."""
    rows = live(ties, "guarantor").select("party", "enterprise").rows()
    names = sorted({name for row in rows for name in row})
    place = {name: number for number, name in enumerate(names)}
    graph = rx.PyDiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from_no_data([(place[one], place[other]) for one, other in rows])
    found = {frozenset(names[n] for n in part) for part in rx.strongly_connected_components(graph) if len(part) > 1}
    told = ties.labels["guarantees"].filter(c("shape").is_in(["circle", "mutual"])).group_by("figure").agg("guarantor")
    assert found == {frozenset(firms) for firms in told["guarantor"]}


def test_nothing_ties_a_firm_before_it_exists(economy: Economy, ties: Ties) -> None:
    """No relation begins before the founding, and none ends before it begins."""
    founded = live(ties, "capital").select("enterprise").unique()
    first = ties.relations.filter(c("relation") == "capital").group_by("enterprise").agg(born=c("since").min())
    joined = ties.relations.join(first, on="enterprise")
    assert founded.height == len(economy.firms)
    assert joined.filter((c("since") < c("born")) | (c("until") < c("since"))).is_empty()


def test_who_follows_begins_the_day_after(ties: Ties) -> None:
    """Of those with a former legal representative, the next one begins on the day after, and each firm has one now."""
    seats = ties.relations.filter(c("relation") == "person-in-charge").sort("enterprise", "since")
    for _, rows in seats.group_by("enterprise", maintain_order=True):
        for before, after in pairwise(rows.iter_rows(named=True)):
            assert after["since"] == before["until"] + timedelta(days=1)
    assert live(ties, "person-in-charge")["enterprise"].is_unique().all()


def test_shared_places_and_persons_are_told_with_their_reason(ties: Ties) -> None:
    """Who shares an address, a phone or a legal representative today is in the labels, each with why."""
    for relation, name, key in (
        ("address", "places", "party"),
        ("phone", "places", "party"),
        ("person-in-charge", "persons", "person"),
    ):
        rows = live(ties, relation)
        shared = rows.filter(pl.len().over("party") > 1).select("enterprise", "party")
        label = ties.labels[name].rename({key: "party"}, strict=False)
        told = label.filter(c("relation") == relation) if name == "places" else label
        assert shared.height > 10
        assert shared.join(told, on=["enterprise", "party"], how="anti").is_empty()


def test_every_sort_of_relation_is_one_that_the_suite_reads(ties: Ties) -> None:
    """The file's relations and columns are those of the import's data set."""
    known = {column.name: column for column in DATASET.columns}["relation"].choices
    assert set(ties.relations["relation"]) <= set(known or {})
    assert {column.name for column in DATASET.columns} <= set(ties.relations.columns)


@pytest.mark.parametrize("firms", [2, 8, 30])
def test_a_small_economy_has_labels_too(firms: int) -> None:
    """With few firms tables may be empty, but they are there, and say that they are synthetic."""
    offered, truth = labels(simulate(Plan(firms=firms, months=6)))
    assert set(truth) == {"owners", "persons", "guarantees", "places", "rings", "auctions", "bidders"}
    assert all(table["synthetic"].all() for table in (offered, *truth.values()))
