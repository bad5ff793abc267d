"""Rings: exactly those of a search through all paths, each once, whatever order the invoices come in."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import TypeAlias

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.graph.domain.rings import EDGES, RINGS, Budget, Terms, by_firm, can_close, find, near

Row: TypeAlias = tuple[str, str, str, date, int]
FIRST = date(2020, 1, 1)
TWENTY = Terms(longest=6, days=20, tolerance=0.1)


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=EDGES, orient="row")


def hops(*told: tuple[str, str, int, int]) -> pl.DataFrame:
    """Return edges of seller, buyer, day of January, amount."""
    return frame([(one, other, str(n), date(2020, 1, day), fen) for n, (one, other, day, fen) in enumerate(told)])


def members(told: pl.DataFrame, terms: Terms = TWENTY) -> list[list[str]]:
    return find(told, terms).rings["members"].to_list()


def circle(numbers: list[str]) -> tuple[str, ...]:
    """Return a circle of numbers from its smallest: the same from wherever it is told."""
    least = numbers.index(min(numbers))
    return tuple(numbers[least:] + numbers[:least])


def searched(rows: list[Row], terms: Terms) -> set[tuple[str, ...]]:
    """Return all rings as the definition reads, depth first, in exact fractions."""
    share, found = Fraction(str(terms.tolerance)), set[tuple[str, ...]]()

    def go(path: list[Row]) -> None:
        first, last = path[0], path[-1]
        if len(path) > 1 and last[1] == first[0]:
            found.add(circle([row[2] for row in path]))
            return
        for row in rows if len(path) < terms.longest else ():
            since = last[3] if terms.ordered else first[3]
            fits = row[0] == last[1] and since <= row[3] <= first[3] + timedelta(terms.days)
            new = row[1] == first[0] or row[1] not in {hop[0] for hop in path} | {last[1]}
            if fits and new and abs(row[4] - first[4]) <= share * first[4]:
                go([*path, row])

    for row in rows:
        go([row])
    return found


@st.composite
def books(draw: st.DrawFn) -> list[Row]:
    """Draw a few invoices between a few firms, no two of them alike; amounts on, within and beyond the tolerance."""
    names = st.sampled_from("ABCDE")
    amount = st.sampled_from([63, 70, 77, 900, 1000, 1050, 1100, 1102])
    told = draw(
        st.lists(
            st.tuples(names, names, st.integers(0, 9), amount).filter(lambda row: row[0] != row[1]),
            unique=True,
            max_size=22,
        )
    )
    return [(one, other, f"{n:02}", FIRST + timedelta(day), fen) for n, (one, other, day, fen) in enumerate(told)]


TERMS = st.builds(
    Terms,
    longest=st.integers(2, 6),
    days=st.sampled_from([0, 2, 6]),
    tolerance=st.sampled_from([0.0, 0.05, 0.1, 1.0]),
    ordered=st.booleans(),
)


@settings(max_examples=50, deadline=None)
@given(books(), TERMS, st.randoms(use_true_random=False))
def test_rings_are_those_of_a_search_through_all_paths(rows: list[Row], terms: Terms, chance: st.randoms) -> None:  # type: ignore[valid-type]
    """Each once, also where several hops are of one day; and the same table from the same rows in another order."""
    found = find(frame(rows), terms)
    told = [circle([hop["number"] for hop in path]) for path in found.rings["path"].to_list()]
    assert len(told) == len(set(told))
    assert set(told) == searched(rows, terms)
    chance.shuffle(rows)  # type: ignore[attr-defined]
    assert find(frame(rows), terms).rings.equals(found.rings)


@settings(max_examples=20, deadline=None)
@given(books(), TERMS, st.integers(0, 60), st.integers(0, 60))
def test_what_was_not_looked_for_is_told(rows: list[Row], terms: Terms, together: int, most: int) -> None:
    """With whatever bound: what is found is right, and every ring that is missing begins on a day that is named."""
    whole = find(frame(rows), terms).rings
    found = find(frame(rows), terms, Budget(together=together, most=most))
    assert set(found.rings["ring"]) <= set(whole["ring"])
    missing = whole.filter(~pl.col("ring").is_in(found.rings["ring"].implode()))["first_on"]
    assert all(any(first <= day <= last for first, last in found.unsearched) for day in missing)
    assert found.complete is (not found.unsearched)


def test_the_bound_is_reached_and_said() -> None:
    """Two hops of one day, of which no join may look at a candidate."""
    found = find(hops(("A", "B", 1, 1000), ("B", "A", 1, 1000)), TWENTY, Budget(together=0))
    assert (found.rings.height, found.unsearched) == (0, ((FIRST, FIRST),))


def test_a_ring_is_in_order_of_time_of_one_amount_and_in_its_days() -> None:
    """Each condition broken by one hop alone."""
    ring = [("A", "B", 1, 1000), ("B", "C", 3, 1050), ("C", "A", 9, 980)]
    assert members(hops(*ring)) == [["A", "B", "C"]]
    for broken in (("C", "A", 2, 980), ("C", "A", 9, 700), ("C", "A", 28, 980), ("C", "D", 9, 980)):
        assert members(hops(*ring[:2], broken)) == []


def test_amounts_are_held_to_the_first_hop_so_that_they_do_not_drift() -> None:
    """Each hop within a tenth of the one before, the last one a fifth below the first."""
    assert members(hops(("A", "B", 1, 1000), ("B", "C", 2, 910), ("C", "A", 3, 830))) == []


@pytest.mark.parametrize("day", [1, 2])
def test_within_a_day_any_order_counts(day: int) -> None:
    """A hop of the first day may be the last in the list of names: C sells to A, A to B, later B to C."""
    assert members(hops(("A", "B", 1, 1000), ("C", "A", 1, 1000), ("B", "C", day, 1000))) == [
        ["A", "B", "C"] if day == 1 else ["C", "A", "B"]
    ]


def test_invoices_alike_are_one_hop_told_so_many_times() -> None:
    told = find(hops(("A", "B", 1, 1000), ("A", "B", 1, 1000), ("B", "A", 2, 1000)), TWENTY).rings
    assert [[hop["times"] for hop in path] for path in told["path"].to_list()] == [[2, 1]]


def test_no_firm_is_on_a_ring_twice() -> None:
    """An eight is two rings, not one."""
    eight = hops(("A", "B", 1, 1000), ("B", "A", 2, 1000), ("A", "C", 3, 1000), ("C", "A", 4, 1000))
    assert members(eight) == [["A", "B"], ["A", "C"]]


def test_each_firm_has_its_rings_its_shortest_and_what_it_sold_in_them_once() -> None:
    """A's first sale is a hop of two rings."""
    told = hops(("A", "B", 1, 1000), ("B", "A", 2, 990), ("B", "C", 3, 980), ("C", "A", 4, 970))
    assert by_firm(find(told, TWENTY).rings).rows() == [
        ("A", 2, 2, 1000, date(2020, 1, 4)),
        ("B", 2, 2, 1970, date(2020, 1, 4)),
        ("C", 1, 3, 970, date(2020, 1, 4)),
    ]


def test_no_invoices_have_no_rings() -> None:
    """Also none that could close."""
    assert find(hops(), TWENTY).rings.schema == RINGS
    assert find(hops(("A", "B", 1, 1000)), TWENTY).rings.is_empty()


@pytest.mark.parametrize("wrong", [{"longest": 1}, {"longest": 7}, {"days": -1}, {"tolerance": -0.1}])
def test_terms_without_meaning_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"hops|negative"):
        Terms(**{"longest": 3, "days": 1, "tolerance": 0.1, **wrong})  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(books(), TERMS, st.sets(st.sampled_from("ABCDE"), min_size=1, max_size=2))
def test_what_is_near_some_firms_holds_all_their_rings(rows: list[Row], terms: Terms, firms: set[str]) -> None:
    """Asked of few firms, the search need not see the whole book; of too many paths it sees it after all."""

    def theirs(told: pl.DataFrame) -> list[str]:
        found = find(told, terms).rings
        return found.filter(pl.col("members").list.eval(pl.element().is_in(list(firms))).list.any())["ring"].to_list()

    whole = theirs(frame(rows))
    assert theirs(near(frame(rows), firms, terms)) == whole
    assert theirs(near(frame(rows), firms, terms, together=0)) == whole


def test_what_is_near_leaves_the_others_out() -> None:
    told = hops(("A", "B", 1, 1000), ("B", "A", 2, 1000), ("C", "D", 1, 1000), ("D", "C", 2, 1000))
    assert near(told, {"A"}, TWENTY)["number"].to_list() == ["0", "1"]


@settings(max_examples=30, deadline=None)
@given(books(), TERMS)
def test_what_can_close_holds_all_rings(rows: list[Row], terms: Terms) -> None:
    whole = find(frame(rows), terms).rings
    assert find(can_close(frame(rows), terms), terms).rings.equals(whole)


def test_what_cannot_close_is_left_out() -> None:
    """C's sale leads nowhere, and D never sells to B of about the amount."""
    told = hops(("A", "B", 1, 1000), ("B", "A", 2, 1000), ("C", "A", 1, 1000), ("B", "D", 2, 900), ("D", "B", 3, 90))
    assert sorted(can_close(told, TWENTY)["number"]) == ["0", "1"]


def test_an_invoice_that_both_sides_tell_is_told_once() -> None:
    told = hops(("A", "B", 1, 1000), ("B", "A", 2, 1000))
    assert find(pl.concat([told, told]), TWENTY).rings.equals(find(told, TWENTY).rings)
