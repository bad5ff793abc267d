"""The size classes of 2017: the published vectors, the table's shape, and laws that hold for every firm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.standards.industries import find, industries
from services.profile.standards.sizes import CLASSES, ROWS, WAN_FEN, Row, size_class

INDUSTRIES = [code for row in ROWS for code in row.codes]


def classed(industry: str, employees: int | None, revenue: float | None, assets: float | None = None) -> str | None:
    """Return the class of figures in 万元."""
    fen = [None if value is None else round(value * WAN_FEN) for value in (revenue, assets)]
    return size_class(industry, employees=employees, revenue_fen=fen[0], assets_fen=fen[1])


@pytest.mark.parametrize(
    ("industry", "employees", "revenue", "size"),
    [
        ("C", 300, 2000, "medium"),
        ("C", 299, 2000, "small"),
        ("C", 1000, 39999, "medium"),
        ("C", 1000, 299, "micro"),
        ("59", 150, 5000, "medium"),
        ("63", 2000, 50000, "medium"),
        ("65", 103, 15735.28, "medium"),
    ],
)
def test_the_published_examples_are_classed_as_published(
    industry: str, employees: int, revenue: float, size: str
) -> None:
    """Employees and revenue in 万元."""
    assert classed(industry, employees, revenue) == size


def figures(row: Row, rank: int, less: int = 0) -> dict[str, int]:
    """Return the figures that stand at a row's bounds of a class, less something each."""
    listed = (
        ("employees", row.employees, 1),
        ("revenue_fen", row.revenue, WAN_FEN),
        ("assets_fen", row.assets, WAN_FEN),
    )
    return {name: bounds[3 - rank] * scale - less for name, bounds, scale in listed if bounds}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_every_bound_of_every_row_is_included(row: Row, rank: int) -> None:
    """At the bounds it is the class, a unit below one of them it is the next lower one."""
    for code in row.codes:
        at = figures(row, rank)
        assert size_class(code, **at) == CLASSES[rank]
        for name in at:
            assert size_class(code, **(at | {name: at[name] - 1})) == CLASSES[rank - 1]


@pytest.mark.parametrize(
    "industry", ["J66", "P83", "Q84", "G53", "K704", "S91", "T", "F", "G", "I", "K", "K70", "nowhere"]
)
def test_what_the_rules_do_not_cover_or_cannot_tell_has_no_class(industry: str) -> None:
    """Finance, education and health; and a section whose divisions have different bounds."""
    assert classed(industry, 5000, 10**6, 10**6) is None


@pytest.mark.parametrize(
    ("industry", "row"), [("7010", "房地产开发"), ("K7020", "物业"), ("7030", "其他"), ("Q85", "其他")]
)
def test_groups_of_real_estate_are_told_apart(industry: str, row: str) -> None:
    """The three-digit group decides where the division does not."""
    found = next(each for each in ROWS if each.title == row)
    assert size_class(industry, **figures(found, 3)) == "large"


def test_a_missing_figure_leaves_the_class_open_unless_the_others_decide() -> None:
    """One missed bound of small makes a firm micro, whatever is not known."""
    assert classed("C", 300, None) is None
    assert classed("C", 19, None) == "micro"
    assert classed("C", None, None) is None


@given(st.sampled_from(INDUSTRIES), *(st.integers(0, 3_000_000),) * 3, st.integers(0, 1_000_000))
def test_a_firm_that_grows_never_falls_a_class(industry: str, x: int, y: int, z: int, more: int) -> None:
    """More employees, revenue or assets never lower the class."""
    rank = CLASSES.index(classed(industry, x, y, z) or "")
    for grown in ((x + more, y, z), (x, y + more, z), (x, y, z + more)):
        assert CLASSES.index(classed(industry, *grown) or "") >= rank


def test_the_standard_has_twenty_sections_and_ninety_seven_divisions() -> None:
    """Numbered without a gap, each with a Chinese and an English title."""
    assert "".join(each.section for each in industries() if each.division is None) == "ABCDEFGHIJKLMNOPQRST"
    assert [each.division for each in industries() if each.division] == [f"{number:02}" for number in range(1, 98)]
    assert all(each.zh and each.en for each in industries())


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("C", "C"),
        ("c13", "C13"),
        ("13", "C13"),
        ("1311", "C1311"),
        ("批发业", "F51"),
        ("房地产业", "K"),
        ("A13", None),
        ("", None),
        ("98", None),
    ],
)
def test_an_industry_is_read_however_it_is_written(written: str, code: str | None) -> None:
    """What is not in the standard says so."""
    found = find(written)
    assert (found.code, found.warning is None) == (code, code is not None)
