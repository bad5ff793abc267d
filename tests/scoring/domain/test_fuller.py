"""What is said of a file that shows less than 36 months: what is missing, what it would add, or that all is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scoring.domain.fuller import Fuller, sentence

SHORT = Fuller(
    shown={"sale": 12, "purchase": 7},
    months=36,
    registered_on=None,
    depth="A",
    features_sha256="d" * 64,
    values=[1.0],
    score=571,
    grade="BBB",
    pd=0.02,
    pd_low=0.01,
    pd_high=0.05,
)


def test_it_names_the_months_of_each_side_and_the_points() -> None:
    said = sentence(SHORT, 522)
    assert said["en"] == (
        "Of the last 36 months, sales are shown for the latest 12 and purchases are shown for the latest 7. Were the "
        "24 months of sales and 29 months of purchases before shown and like these, the score would stand at 571, 49 "
        "points more than now. This is supposed and certified by nobody; it decides nothing. If the firm did not exist "
        "then, its day of registration from another source would say so."
    )
    assert "销售发票展示了最近 12 个月，采购发票展示了最近 7 个月" in said["zh"]
    assert "如补充更早的销售 24 个月、采购 29 个月且与已展示的相仿，评分为 571 分，比现在高 49 分" in said["zh"]


def test_a_young_firm_that_shows_all_is_told_apart_from_one_that_shows_little() -> None:
    """The same twelve months: of one there could be more, of the other there is nothing."""
    young = replace(SHORT, shown={"sale": 12, "purchase": 12}, months=12, registered_on="2019-02-22", score=522)
    said = sentence(young, 522)
    assert said["en"] == (
        "The firm was registered on 2019-02-22, as another source states, and has existed in 12 of the last 36 months. "
        "All of these are shown; there is nothing more to show."
    )
    assert said["zh"].endswith("此后各月均已展示，没有更多月份可以展示。")
    assert "nothing more" not in sentence(SHORT, 522)["en"]


def test_a_registration_bounds_what_could_be_shown() -> None:
    """And then nobody is asked for it."""
    said = sentence(replace(SHORT, months=20, registered_on="2018-06-30"), 522)["en"]
    assert "Were the 8 months of sales and 13 months of purchases before shown" in said
    assert "from another source would say so" not in said


@pytest.mark.parametrize(
    ("score", "words"),
    [(571, "the score would stay at 571"), (600, "the score would stand at 571, 29 points less than now")],
)
def test_it_says_how_far_the_score_would_move(score: int, words: str) -> None:
    assert words in sentence(SHORT, score)["en"]


def test_a_side_that_is_not_shown_at_all_is_named() -> None:
    """Nothing is supposed of it, and a file of which only that is missing supposes nothing."""
    said = sentence(replace(SHORT, shown={"sale": 12, "purchase": 0}), 522)["en"]
    assert "purchases are not shown at all" in said
    assert "Were the 24 months of sales before shown" in said
    alone = sentence(replace(SHORT, shown={"sale": 36, "purchase": 0}, score=522), 522)["en"]
    assert alone == (
        "Of the last 36 months, sales are shown for the latest 36 and purchases are not shown at all. Of purchases "
        "nothing can be supposed; showing invoices of them costs no points."
    )


def test_what_is_stored_is_read_back() -> None:
    assert Fuller.from_json(SHORT.as_json()) == SHORT
