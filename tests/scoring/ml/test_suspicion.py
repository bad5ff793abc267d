"""What is told of a table's columns before anybody believes a figure: outcome, calendar, twins."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from services.scoring.ml.suspicion import suspects

ROWS = 600


@pytest.fixture(scope="module")
def table():
    """Return honest columns: an amount, a rate, a word of five values, and an outcome that they bear on weakly."""
    random = np.random.default_rng(3)
    amount = random.lognormal(12, 1, ROWS)
    defaulted = random.random(ROWS) < 1 / (1 + np.exp(1.2 + 0.8 * (np.log(amount) - 12)))
    frame = pl.DataFrame(
        {
            "amount": amount,
            "rate": random.random(ROWS),
            "staff": random.integers(1, 300, ROWS),
            "trade": random.choice(list("ABCDE"), ROWS),
        }
    )
    return frame, defaulted


def told(frame, defaulted, catalogue=None):
    return {(each["column"], each["kind"], each.get("other")) for each in suspects(frame, defaulted, catalogue)}


def test_honest_columns_are_not_suspected(table):
    """An amount that bears on the outcome is what one wants."""
    assert told(*table) == set()


def test_a_code_whose_values_say_the_outcome_is_told_though_it_ranks_nothing(table):
    """2 is a default, 1 and 3 are none: an AUC about one half, and yet the outcome."""
    frame, defaulted = table
    code = np.where(defaulted, 2, 1 + 2 * (np.arange(ROWS) % 2))
    assert told(frame.with_columns(code=pl.Series(code)), defaulted) == {("code", "outcome", None)}


def test_a_word_that_says_the_outcome_is_told_once_by_its_column(table):
    """Its levels are columns of the learner; `--drop` takes the column's own name."""
    frame, defaulted = table
    state = np.where(defaulted, "written off", "repaid")
    assert told(frame.with_columns(state=pl.Series(state)), defaulted) == {("state", "outcome", None)}


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("granted", "2008-01-31"),
        ("granted", "31-01"),
        ("ApprovalFY", 2001),
        ("approval_date", 14_800),
        ("放款日期", 36_000),
        ("opened", 20_080_100),
    ],
)
def test_calendar_columns_are_told(table, name, start):
    """Dates as dates, as text, as years, as counted days and as written numbers."""
    frame, defaulted = table
    place = np.arange(ROWS) * 7 % 28
    if start == "2008-01-31":
        days = pl.Series([f"2008-{1 + each % 12:02}-{1 + each:02}" for each in place])
    elif start == "31-01":
        days = pl.Series([f"2008-{1 + each % 12:02}-{1 + each:02}" for each in place]).str.to_date()
    else:
        days = pl.Series(start + place % (10 if start == 2001 else 28) + (1 if start == 20_080_100 else 0))
    assert (name, "calendar", None) in told(frame.with_columns(days.alias(name)), defaulted)


def test_what_rises_with_the_calendar_is_told_with_its_date(table):
    """A running number of the loan is its day in other words."""
    frame, defaulted = table
    random = np.random.default_rng(5)
    day = random.permutation(ROWS)
    dated = frame.with_columns(approval_date=pl.Series(14_000 + day), number=pl.Series(day * 3.0 + random.random(ROWS)))
    assert ("number", "calendar", "approval_date") in told(dated, defaulted)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda amount: amount * 30, id="other unit"),
        pytest.param(lambda amount: -np.sqrt(amount), id="falling"),
        pytest.param(lambda amount: (amount > np.median(amount)) * 1.0, id="a line drawn through it"),
        pytest.param(lambda amount: np.round(amount, -4), id="rounded"),
    ],
)
def test_a_function_of_another_column_is_told_with_it(table, make):
    """`RealEstate` of the SBA case is a line drawn through the term: what is wrong with one is wrong with both."""
    frame, defaulted = table
    made = frame.with_columns(other=pl.Series(make(frame["amount"].to_numpy())))
    assert ("other", "function", "amount") in told(made, defaulted)


def test_a_renamed_code_is_told(table):
    """A bijection of a few values that keeps no order."""
    frame, defaulted = table
    random = np.random.default_rng(6)
    code = random.integers(0, 4, ROWS)
    made = frame.with_columns(code=pl.Series(code), renamed=pl.Series(np.array([3, 0, 7, 1])[code]))
    assert ("renamed", "function", "code") in told(made, defaulted)


def test_nearly_the_same_order_is_told(table):
    """The guaranteed part of a loan is not quite a function of the loan."""
    frame, defaulted = table
    random = np.random.default_rng(7)
    part = frame["amount"].to_numpy() * random.uniform(0.95, 1, ROWS)
    assert ("part", "twin", "amount") in told(frame.with_columns(part=pl.Series(part)), defaulted)


def test_under_a_catalogue_only_the_outcome_is_looked_for(table):
    """What declared features are to each other is declared."""
    frame, defaulted = table
    made = frame.with_columns(twice=pl.col("amount") * 2)
    entries = [{"name": name} for name in ("amount", "twice")]
    assert told(made, defaulted, entries) == set()


def test_every_warning_says_in_both_languages_which_column(table):
    """The sentence names the column and what it follows."""
    frame, defaulted = table
    (found,) = suspects(frame.with_columns(twice=pl.col("amount") * 2), defaulted, None)
    assert all("twice" in words and "amount" in words for words in found["sentence"].values())
