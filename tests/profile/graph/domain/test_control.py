"""Ties of a day, control, who is at the top, groups with their paths, and close links."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ownership import DAY, OWN, relations, stakes

from services.profile.graph.domain.control.chain import chains, chains_to
from services.profile.graph.domain.control.close_links import Case, close_links
from services.profile.graph.domain.control.group import group
from services.profile.graph.domain.control.integrated import holdings
from services.profile.graph.domain.control.majority import Votes, controlled
from services.profile.graph.domain.control.ties import Ties, ties_of
from services.profile.graph.domain.control.ultimate import top

NAMES = "ABCDEF"
PERSON, SPOUSE = "hash:11", "hash:22"


def controls(ties: Ties, *heads: str) -> set[str]:
    return set(controlled(Votes(ties), heads))


def test_who_is_controlled_adds_its_stakes() -> None:
    """A holds 60 % of B and 30 % of C; B holds 25 % of C: together more than half, though neither alone."""
    ties = stakes(("A", "B", 0.6), ("A", "C", 0.3), ("B", "C", 0.25), ("C", "D", 0.51))
    assert controls(ties, "A") == {"B", "C", "D"}
    assert controls(ties, "B") == set()


def test_half_is_no_majority() -> None:
    """Ten tenths of one half add up to one half, in whatever order they come."""
    ties = stakes(*(("A", f"Z{i}", 1.0) for i in range(5)), *((f"Z{i}", "B", 0.1) for i in range(5)))
    assert "B" not in controls(ties, "A")


def test_a_pyramid_controls_what_it_hardly_owns() -> None:
    ties = stakes((PERSON, "A", 0.51), ("A", "B", 0.51), ("B", "C", 0.51))
    assert top(ties, "C").heads == (PERSON,)
    [first, *_] = top(ties, "C").controllers
    assert [(hop.holder, hop.held, hop.share) for hop in first.path] == [
        (PERSON, "A", 0.51),
        ("A", "B", 0.51),
        ("B", "C", 0.51),
    ]


def test_a_declared_controller_stands_beside_who_has_the_shares() -> None:
    """Both are told; the shares of neither make the other false."""
    found = {one.party: one for one in top(stakes(("A", "B", 0.6), declared=[(PERSON, "B")]), "B").controllers}
    assert (found["A"].by_shares, found["A"].held.declared) == (True, False)
    assert (found[PERSON].by_shares, found[PERSON].held.declared) == (False, True)


def test_the_stakes_of_a_firm_that_one_is_declared_to_control_count_for_it() -> None:
    ties = stakes((PERSON, "A", 0.1), ("A", "B", 0.7), declared=[(PERSON, "A")])
    assert controls(ties, PERSON) == {"A", "B"}


def test_who_control_by_agreement_act_as_one() -> None:
    """Two spouses, each declared, hold 30 % of another firm each: neither controls it, both together do."""
    ties = stakes((PERSON, "B", 0.3), (SPOUSE, "B", 0.3), declared=[(PERSON, "A"), (SPOUSE, "A")])
    at_the_top = top(ties, "A")
    assert at_the_top.heads == (PERSON, SPOUSE)
    assert all(one.joint for one in at_the_top.controllers)
    assert [one.enterprise for one in group(ties, "A", at_the_top).members] == ["A", "B"]


def test_a_ring_has_nobody_at_the_top_but_itself() -> None:
    """Two firms that own each other whole control each other, and are told as circular."""
    ties = stakes(("A", "B", 1.0), ("B", "A", 1.0), ("B", "C", 0.9))
    at_the_top = top(ties, "C")
    assert at_the_top.heads == ("A", "B")
    assert all(one.circular for one in at_the_top.controllers)
    assert [one.enterprise for one in group(ties, "C", at_the_top).members] == ["C"]


def test_the_path_is_the_shortest_and_then_the_strongest() -> None:
    ties = stakes(("H", "A", 0.9), ("H", "B", 0.6), ("A", "C", 0.4), ("B", "C", 0.5), ("C", "D", 1.0))
    found = {one.enterprise: one for one in group(ties, "D", top(ties, "D")).members}
    assert [hop.holder for hop in found["D"].path] == ["H", "A", "C"]
    assert found["C"].held.share == 0.9


def test_a_path_is_the_same_from_above_and_from_below() -> None:
    """Where one way is the best."""
    ties = stakes(("H", "A", 0.9), ("H", "B", 0.6), ("A", "C", 0.4), ("B", "C", 0.5), ("C", "D", 1.0)).stakes
    assert chains_to(ties, "D")["H"] == chains(ties, ["H"], "ABCD")["D"] != ()


def test_what_only_the_firm_says_is_marked_and_confirms_nothing() -> None:
    rows = relations(
        {"party": "A", "enterprise": "B", "share": 0.9, "import_id": OWN},
        {"party": "A", "enterprise": "C", "share": 0.9},
    )
    ties = ties_of(rows, DAY, {OWN})
    found = {one.enterprise: one for one in group(ties, "A", top(ties, "A")).members}
    assert (found["B"].confirmed, found["B"].path[0].own_word) == (False, True)
    assert (found["C"].confirmed, found["C"].path[0].own_word) == (True, False)


def test_of_several_stakes_of_a_party_the_one_that_began_last_counts() -> None:
    rows = relations(
        {"party": "A", "enterprise": "B", "share": 0.3, "since": date(2020, 1, 1)},
        {"party": "A", "enterprise": "B", "share": 0.6, "since": date(2024, 1, 1)},
        {"party": "A", "enterprise": "B", "share": 0.9, "since": date(2026, 12, 1)},
        {"party": "C", "enterprise": "B", "share": 0.4, "until": date(2023, 1, 1)},
    )
    assert [(tie.holder, tie.share) for tie in ties_of(rows, DAY, ()).stakes] == [("A", 0.6)]
    assert [tie.share for tie in ties_of(rows, date(2022, 1, 1), ()).stakes] == [0.3, 0.4]


def test_shares_beyond_the_whole_are_told_and_scaled() -> None:
    ties = stakes(("A", "B", 0.9), ("C", "B", 0.6))
    assert dict(ties.scaled) == {"B": 1.5}
    assert [tie.share for tie in ties.stakes] == [0.6, 0.4]


def test_thirds_that_are_rounded_up_are_no_more_than_the_whole() -> None:
    ties = stakes(*((name, "Z", 0.3333333334) for name in "ABC"))
    assert not ties.scaled
    assert sum(tie.parts or 0 for tie in ties.stakes) <= 10**9


def test_own_shares_carry_no_vote() -> None:
    """45 % of a firm that holds 20 % of itself are more than half of the votes."""
    ties = stakes(("A", "B", 0.45), ("B", "B", 0.2))
    assert dict(ties.own_shares) == {"B": 0.2}
    assert controls(ties, "A") == {"B"}
    assert stakes(("A", "B", 0.4), ("B", "B", 1.0)).stakes == ()


def test_a_contribution_is_a_share_of_the_capital_where_none_is_told() -> None:
    rows = relations(
        {"party": "hash:c", "enterprise": "B", "relation": "capital", "amount_fen": 1000},
        {"party": "A", "enterprise": "B", "amount_fen": 600},
        {"party": "C", "enterprise": "D", "amount_fen": 600},
    )
    ties = ties_of(rows, DAY, ())
    assert [(tie.holder, tie.share) for tie in ties.stakes] == [("A", 0.6)]
    assert [tie.holder for tie in ties.untold] == ["C"]


def test_a_fifth_makes_a_close_link_either_way_and_by_a_third() -> None:
    upper = (("H", "A", 0.5), ("H", "B", 0.4), ("X", "A", 0.1))
    ties = stakes(*upper, ("B", "C", 0.5), ("A", "D", 0.2), ("A", "E", 0.19))
    found = {(link.party, link.case, link.third) for link in close_links(holdings(ties.stakes), "A")}
    assert found == {
        ("H", Case.OWNED_BY, None),
        ("D", Case.OWNS, None),
        ("B", Case.THIRD, "H"),
        ("C", Case.THIRD, "H"),
    }


@st.composite
def graphs(draw: st.DrawFn) -> tuple[tuple[str, str, float], ...]:
    pairs = [(a, b) for a in NAMES for b in NAMES if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=12, unique=True))
    return tuple((a, b, draw(st.sampled_from([0.1, 0.25, 0.3, 0.51, 0.6]))) for a, b in chosen)


@given(graphs())
@settings(max_examples=50, deadline=None)
def test_control_is_the_smallest_set_that_majorities_close(told: tuple[tuple[str, str, float], ...]) -> None:
    """By brute force over all sets of firms: the least that has every firm of which it and A hold more than half."""
    ties = stakes(*told)

    def closed(inside: set[str]) -> bool:
        held = {firm: sum(t.parts or 0 for t in ties.stakes if t.held == firm and t.holder in inside) for firm in NAMES}
        return all(firm in inside for firm, parts in held.items() if 2 * parts > 10**9)

    sets = ({"A", *some} for size in range(len(NAMES)) for some in combinations(NAMES[1:], size))
    assert controls(ties, "A") == next(some for some in sets if closed(some)) - {"A"}


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_relations_changes_nothing(told: tuple[tuple[str, str, float], ...], random: Random) -> None:
    turned = list(told)
    random.shuffle(turned)
    one, other = stakes(*told), stakes(*turned)
    assert one == other
    assert group(one, "F", top(one, "F")) == group(other, "F", top(other, "F"))


@given(graphs())
@settings(max_examples=25, deadline=None)
def test_more_shares_never_lose_control(told: tuple[tuple[str, str, float], ...]) -> None:
    """Of firms that are not overstated: a stake of A taken from nobody."""
    ties = stakes(*told)
    room = 1 - sum(tie.share or 0 for tie in ties.stakes if tie.held == "B")
    if room > 0.01 and not any(tie.held == "B" and tie.holder == "A" for tie in ties.stakes):
        assert controls(ties, "A") <= controls(stakes(*told, ("A", "B", room)), "A")


@pytest.mark.parametrize("firm", ["A", "Z"])
def test_a_firm_without_ties_heads_a_group_of_nobody(firm: str) -> None:
    found = group(Ties(), firm, top(Ties(), firm))
    assert (found.heads, found.members) == ((firm,), ())


@pytest.mark.parametrize(
    "told",
    [
        {"party": "FAKE", "share": 0.9},
        {"party": "A", "share": 0.01},
        {"party": "B", "share": 1.0},
        {"relation": "capital", "party": "C", "amount_fen": 10**12},
    ],
    ids=["invented-holder", "smaller-stake", "own-shares", "larger-capital"],
)
def test_what_a_firm_says_of_itself_takes_no_controller_away(told: dict[str, Any]) -> None:
    """Its own word has the room that others leave: A holds 45 of 75, and is paid for as much, whatever B says."""
    base: dict[str, Any] = {"enterprise": "B", "relation": "shareholder", "since": DAY, "import_id": "register"}
    capital = {"relation": "capital", "party": "C", "amount_fen": 75}
    heard = [{**base, "party": "A", "amount_fen": 45}, {**base, "party": "D", "share": 0.25}, {**base, **capital}]
    ties = ties_of(relations(*heard, {**base, **told, "import_id": OWN}), DAY, {OWN})
    [one] = [each for each in top(ties, "B").controllers if each.party == "A"]
    assert (one.held.share, one.confirmed, one.path[0].own_word) == (0.6, True, False)
    assert sum(tie.parts or 0 for tie in ties.stakes) <= 10**9
