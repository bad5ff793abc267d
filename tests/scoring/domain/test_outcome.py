"""What an outcome says: by one definition of default, within a window, seen on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain.outcome import (
    Labels,
    Left,
    Seen,
    Terms,
    definitions,
    described,
    label,
    months_after,
)

START = date(2024, 1, 31)
YEAR = Terms("past-due-90", 12)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def seen(defaulted, day, **more):
    return Seen(defaulted, None if day is None else date.fromisoformat(day), **more)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (seen(True, "2024-06-30"), True),
        (seen(True, "2025-01-31"), True),
        (seen(True, "2025-02-01"), False),
        (seen(False, "2025-01-31"), False),
        (seen(False, "2025-01-30"), Left.TOO_EARLY),
        (seen(True, "2024-01-31"), Left.BEFORE_WINDOW),
        (seen(True, None), True),
        (seen(True, "2024-06-30", definition="charged-off"), Left.OTHER_DEFINITION),
        (seen(True, "2024-06-30", definition="past-due-90"), True),
        (seen(True, "2025-02-01", window_from=date(2024, 3, 1)), True),
    ],
)
def test_within_the_horizon_a_firm_defaulted_or_paid_and_else_nobody_can_say(outcome, said):
    """The last day of the window is in it, the first is not; a window that the outcome names is used instead."""
    assert label([outcome], YEAR, START) == said


def test_without_a_horizon_the_latest_counts():
    """As it always did: nothing is known of when."""
    history = [seen(True, "2024-05-01"), seen(False, "2024-09-01")]
    assert label(history, Terms(), START) is False


def test_a_default_within_the_window_is_one_though_the_firm_recovered():
    """A PD of a year is of having defaulted at any time in it."""
    history = [seen(True, "2024-05-01"), seen(False, "2025-09-01")]
    assert label(history, YEAR, START) is True


@given(day=days, horizon=st.integers(1, 60), longer=st.integers(0, 60))
def test_a_longer_horizon_never_takes_a_default_back(day, horizon, longer):
    """Who defaulted within a year defaulted within two."""
    outcome = Seen(defaulted=True, observed_on=day)
    short, long = (label([outcome], Terms(None, months), START) for months in (horizon, horizon + longer))
    assert short is not True or long is True


@given(day=days, months=st.integers(0, 240))
def test_months_after_ends_in_the_right_month_and_never_skips_a_day(day, months):
    """Counted in months, cut to the month's last day, and in order."""
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
    assert months_after(day, months) <= months_after(day + timedelta(days=1), months)


def test_undated_outcomes_are_told_and_so_is_what_nobody_declared():
    """The real book's: 83 firms, no day, no definition, no horizon."""
    labels = Labels()
    for number in range(83):
        labels.add(Seen(number < 18, own=False), number < 18, START)
    told = described(Terms(), START, labels)
    assert told["labels"]["undated"] == told["labels"]["imported"] == told["labels"]["undeclared"] == 83
    assert [each["en"].split(":")[0] for each in told["told"]] == [
        "No definition of default is declared",
        "No horizon is declared",
        "83 of 83 outcomes bear no date",
    ]
    assert all(each["zh"] for each in told["told"])


def test_a_declared_default_is_told_with_its_text_source_and_window():
    """Nothing is left to guess, and nothing is warned of."""
    labels = Labels()
    labels.add(seen(True, "2024-06-30", definition="past-due-90"), True, START)
    told = described(YEAR, START, labels)
    assert told["default"]["title"]["en"] == "More than 90 days past due"
    assert told["performance_window"] == {"from": "2024-01-31", "to": "2025-01-31"}
    assert (told["labels"]["first"], told["told"]) == ("2024-06-30", [])


def test_what_was_left_out_and_what_may_be_hindsight_is_counted():
    """In the card, and in a sentence."""
    labels = Labels()
    labels.add(seen(True, "2023-06-30"), True, START)
    labels.add(seen(True, "2023-06-30"), Left.BEFORE_WINDOW, START)
    counted = labels.as_json()
    assert (counted["on_or_before_as_of"], counted["left_out"]) == (1, {"before-window": 1})
    assert described(YEAR, START, labels)["told"][-1]["en"] == "Outcomes left out: 1 seen before the window began."


def test_every_definition_is_said_in_both_languages_with_its_source_and_day():
    """A code without its words would define nothing."""
    for meaning in definitions().values():
        assert all(meaning[part][lang] for part in ("title", "text") for lang in ("zh", "en"))
        assert meaning["source"]
        assert isinstance(meaning["since"], date)
