"""The reference enterprise is the typical well-graded one and nobody in particular."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from services.scoring.domain.reference_enterprise import groups, section, typical

# Twelve firms at 650 points (A), twelve at 570 (BB), six at 500 (CCC).
POINTS = np.repeat([650.0, 570.0, 500.0], [12, 12, 6])
PAID = np.zeros(30, dtype=bool)


def test_the_whole_book_s_reference_comes_from_the_firms_graded_a_or_better():
    """Enough are, so nothing is widened."""
    (book,) = groups(PAID, POINTS, [None] * 30)
    assert (book.grade, book.firms.tolist()) == ("A", list(range(12)))
    assert "widened" not in book.title["en"]


def test_a_defaulter_is_never_in_a_reference_however_well_it_was_graded():
    """Two of the twelve defaulted: ten are left, and still enough."""
    defaulted = PAID.copy()
    defaulted[:2] = True
    assert groups(defaulted, POINTS, [None] * 30)[0].firms.tolist() == list(range(2, 12))


def test_where_too_few_are_graded_a_the_next_grades_are_taken_in_and_the_title_says_so():
    """One defaulter more, and the reference reaches down to BB."""
    defaulted = PAID.copy()
    defaulted[:3] = True
    book = groups(defaulted, POINTS, [None] * 30)[0]
    assert (book.grade, len(book.firms)) == ("BB", 21)
    assert "fewer than 10 are graded A" in book.title["en"]
    assert "已放宽" in book.title["zh"]


def test_an_industry_with_enough_firms_has_a_reference_of_its_own():
    """Sections C and F have, section G with six firms has not."""
    industries = ["C13"] * 12 + ["F51"] * 12 + ["G54"] * 6
    found = groups(PAID, POINTS, industries)
    assert [(group.industry, group.grade) for group in found] == [(None, "A"), ("C", "A"), ("F", "BB")]


def test_a_small_book_takes_all_that_paid():
    """Six firms that paid are fewer than ten: all of them are the reference."""
    assert len(groups(PAID[:6], POINTS[-6:], [None] * 6)[0].firms) == 6


@pytest.mark.parametrize(("code", "letter"), [("C13", "C"), ("f51", "F"), ("51", "51"), ("", None), (None, None)])
def test_a_section_is_the_letter_of_an_industry_code(code, letter):
    """A code without its letter stands for itself."""
    assert section(code) == letter


def test_the_typical_value_is_the_middle_and_nobody_s():
    """The mean of the middle half, with three digits, whole where all are; words by majority."""
    frame = pl.DataFrame(
        {
            "months": [float(number) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100)],
            "share": [0.123456 * number for number in range(10)],
            "sector": ["a"] * 4 + ["b"] * 6,
        }
    )
    assert typical(frame, frame.columns, frame) == {"months": 6.0, "share": 0.556, "sector": "b"}


def test_a_value_that_fewer_than_ten_firms_tell_comes_from_the_book_or_stays_unknown():
    """One firm's figure is not printed into the reasons of all others."""
    book = pl.DataFrame({"told": [2.5] * 12, "rare": [3.5] * 9 + [None] * 3})
    group = book.with_columns(told=pl.Series([7.5] * 9 + [None] * 3))
    assert typical(group, ["told", "rare"], book) == {"told": 2.5, "rare": None}
