"""What of the index is published adds up, says what moved it, and does not let a cell of few firms be computed back."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_economy import COMPONENTS, WHOLE_POINTS, atoms, counts, later, made, placed, points
from linear_attacks import Attack

from services.profile.supervision.domain.cells import ANYWHERE, EVERY, NATION, UNKNOWN, Cell, Level, province_of
from services.profile.supervision.domain.panel import LEAST, moved_on
from services.profile.supervision.domain.publication import Before, Month, month
from services.profile.supervision.domain.suppression import dominated, hidden_cells

NOBODY = frozenset()
WHOLE = Cell(Level.NATION, NATION, EVERY)


def first(firms):
    return month(firms, COMPONENTS, moved_on(None, atoms(firms)), None, NOBODY)


def second(before, then, now, kept=NOBODY):
    panel = moved_on(atoms(before), atoms(now))
    standing = Before(then, before.select("enterprise", *COMPONENTS))
    return month(placed(now, panel.members), COMPONENTS, panel, standing, kept)


@pytest.fixture(scope="module")
def economy():
    """Two months of 900 firms in 4 provinces, and what is published of them."""
    before = made(3, 900, 4, 4, 8)
    now = later(before, 4)
    then = first(before)
    return before, now, then, second(before, then, now, then.hidden)


def test_no_cell_of_few_firms_is_published_and_the_country_is(economy):
    """What is published is of ten firms or more; the whole country's figure is the plain mean of all."""
    before, _, then, _ = economy
    true = counts(before)
    assert all(figures is None or true[cell] >= LEAST for cell, figures in then.cells.items())
    assert set(then.cells) == set(true)
    national = then.cells[WHOLE]
    assert abs(national.index - points(before)[WHOLE] / 900) <= len(COMPONENTS) / 2
    assert national.index == sum(national.components.values())


def test_linear_attacks_recover_no_hidden_cell(economy):
    """Each of few firms might have ten, for all that adding and subtracting tells.

    Who knows every count, and two months that are much alike, is left with half of all possible points at least.
    """
    before, now, then, after = economy
    true, known = points(before), counts(before)
    few = sorted(cell for cell in then.hidden if known[cell] < LEAST)
    rng = np.random.default_rng(1)
    chosen = [few[at] for at in rng.permutation(len(few))[:8]]
    plain = Attack([then], None, WHOLE_POINTS)
    informed = Attack([then, after], None, WHOLE_POINTS, counts=[known, counts(now)], drift=240)
    for cell in chosen:
        count, total = plain.interval(0, cell, count=True), plain.interval(0, cell, count=False)
        assert count.least <= known[cell] <= count.most
        assert count.most >= LEAST, cell
        assert total.least <= true[cell] <= total.most
        told = informed.interval(0, cell, count=False)
        assert told.least <= true[cell] <= told.most
        assert told.width >= WHOLE_POINTS / 2 * known[cell], cell


def test_hiding_the_small_cell_alone_would_not_do():
    """Five firms beside fifty of their province: by subtraction the attack finds them, and ours hides another."""
    firms = made(7, 55, 1, 1, 1).with_columns(industry=pl.lit("C"))
    places = pl.Series(["130100"] * 5 + ["130200"] * 25 + ["130300"] * 25)
    firms = firms.with_columns(prefecture=places)
    ours, true = first(firms), counts(firms)
    figures = {each: found or ours.cells[WHOLE] for each, found in ours.cells.items()}
    naked = Month({each: figures[each] if count >= LEAST else None for each, count in true.items()})
    naked = Month({each: found and replace(found, firms=true[each]) for each, found in naked.cells.items()})
    small = Cell(Level.PREFECTURE, "130100", EVERY)
    found = Attack([naked], None, WHOLE_POINTS, counts=None)
    assert found.interval(0, small, count=True).width < 1e-6
    assert Attack([ours], None, WHOLE_POINTS).interval(0, small, count=True).most >= LEAST
    assert ours.cells[Cell(Level.PROVINCE, "130000", EVERY)] is not None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 150), st.integers(1, 3), st.integers(1, 3), st.integers(1, 5))
def test_any_economy_keeps_its_small_cells(seed, firms, provinces, prefectures, sections):
    """However few or lopsided: no count of a hidden cell under ten is known, and nothing depends on the order."""
    economy = made(seed, firms, provinces, prefectures, sections)
    published = first(economy)
    assert first(economy.sample(fraction=1.0, shuffle=True, seed=seed)).cells == published.cells
    known = counts(economy)
    few = sorted(cell for cell in published.hidden if known[cell] < LEAST)
    for cell in few[:: max(1, len(few) // 2)]:
        found = Attack([published], None, WHOLE_POINTS).interval(0, cell, count=True)
        assert found.width >= 1, (cell, found)


def test_a_change_is_its_components_and_who_came_and_went(economy):
    """To the last hundredth; where nobody came or went there is no composition."""
    _, _, then, after = economy
    told = 0
    for cell, figures in after.cells.items():
        if figures is not None and figures.change is not None:
            told += 1
            assert figures.change.total == figures.index - then.cells[cell].index
            assert figures.change.composition == 0
    assert told > 10


def test_firms_that_come_are_told_apart_from_firms_that_changed():
    """Twenty firms with full points join one cell: those that stayed did not move, and the index did."""
    before = made(5, 200, 1, 1, 1).with_columns(pl.lit(0).alias(name) for name in COMPONENTS)
    came = made(6, 20, 1, 1, 1).with_columns(
        pl.concat_str(pl.lit("new:"), "enterprise").alias("enterprise"), pl.lit(4000).alias("payment")
    )
    came = came.with_columns(before["prefecture"][0:1].extend_constant(before["prefecture"][0], 19).alias("prefecture"))
    came = came.with_columns(pl.lit(0).alias(name) for name in COMPONENTS if name != "payment")
    came = came.with_columns(industry=pl.lit(before["industry"][0]))
    before = before.with_columns(prefecture=pl.lit(before["prefecture"][0]), industry=pl.lit(before["industry"][0]))
    then = first(before)
    assert then.cells[WHOLE].index == 0
    after = second(before, then, pl.concat([before, came.select(before.columns)]))
    change = after.cells[WHOLE].change
    assert set(change.components.values()) == {0}
    assert change.composition == after.cells[WHOLE].index == round(4000 * 20 / 220)


def test_firms_come_and_go_ten_at_a_time():
    """One that comes waits; ten come together; nine that fall silent stay, and none leaves fewer than ten behind."""
    here = ("110100", "C")
    start = {f"a{at}": here for at in range(15)}
    one = moved_on(start, start | {"b": here})
    assert (one.members, one.waiting) == (start, 1)
    ten = moved_on(start, start | {f"b{at}": here for at in range(10)})
    assert len(ten.members) == 25
    assert ten.waiting == 0
    assert moved_on(start, dict.fromkeys(list(start)[9:], here)).members == start
    assert moved_on(start, dict.fromkeys(list(start)[10:], here)).members == start
    assert moved_on(start, {}).members == {}


def test_who_waits_in_vain_joins_the_rest_of_the_province_or_the_country_and_moves_home_with_nine_others():
    """Nine for one cell and one for another of the province come together; so do ten of ten provinces."""
    start = {f"a{at}": ("110100", "C") for at in range(15)}
    few = {f"b{at}": ("130100", "C") for at in range(9)} | {"c": ("130200", "D")}
    joined = moved_on(start, start | few)
    assert {joined.members[name] for name in few} == {("130000", UNKNOWN)}
    assert joined.waiting == 0
    far = {f"d{at}": (f"{20 + at}0100", "C") for at in range(10)}
    assert {moved_on(start, start | far).members[name] for name in far} == {(ANYWHERE, UNKNOWN)}
    more = {f"e{at}": ("130100", "C") for at in range(5)} | {f"f{at}": ("130200", "D") for at in range(9)}
    later = moved_on(joined.members, start | few | more)
    assert later.moved == frozenset()
    home = moved_on(later.members, start | few | more)
    assert home.moved == {*few, *more}
    assert home.members == start | few | more
    fewer = {name: atom for name, atom in more.items() if name not in {"f7", "f8"}}
    stays = moved_on(moved_on(joined.members, start | few | fewer).members, start | few | fewer)
    assert stays.moved == frozenset()  # else eight would be left in the rest


ATOM = st.tuples(st.sampled_from(["110100", "110200", "130100", "130000"]), st.sampled_from(["C", "D", UNKNOWN]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.none() | ATOM, min_size=50, max_size=50), min_size=2, max_size=4))
def test_no_cell_of_any_level_gains_or_loses_fewer_than_ten(months):
    """Whoever takes one month from the next meets ten firms that came or none, and ten that went or none."""
    before, own = None, {}
    for active in months:
        # A firm's own cell is what it was, but for the one in the first month that it is active in.
        here_now = {str(name): atom for name, atom in enumerate(active) if atom is not None}
        own = here_now | own
        panel = moved_on(before, {name: own[name] for name in here_now})
        if before is not None:
            there, here = (inside(members) for members in (before, panel.members))
            for each in there.keys() | here.keys():
                came, went = (len(a - b) for a, b in permutations((here.get(each, set()), there.get(each, set()))))
                assert all(count == 0 or count >= LEAST for count in (came, went)), each
        before = panel.members


def inside(members):
    """Return the firms of every cell of every level."""
    found = {}
    for name, (prefecture, industry) in members.items():
        for region in ("country", province_of(prefecture), (prefecture,)):
            for kind in (EVERY, industry):
                found.setdefault((region, kind), set()).add(name)
    return found


def test_a_cell_stays_hidden_as_long_as_its_windows_overlap(economy):
    """What was hidden is kept hidden where the caller says so: two months of it are much alike."""
    before, now, then, after = economy
    assert then.hidden <= after.hidden
    cell = next(cell for cell, figures in then.cells.items() if figures is not None and cell != WHOLE)
    assert cell in second(before, then, now, then.hidden | {cell}).hidden


def test_one_firm_that_stands_out_hides_its_cell():
    """Its second could else tell its points (p % rule), and a country in which one stands out is not told at all."""
    assert dominated(1000, 900, 50)
    assert not dominated(1000, 300, 200)
    assert hidden_cells({WHOLE: 30}, [WHOLE], []) == {WHOLE}


def test_a_country_of_few_firms_publishes_nothing():
    """Nine firms are no index."""
    assert set(first(made(1, 9, 2, 2, 2)).cells.values()) == {None}
