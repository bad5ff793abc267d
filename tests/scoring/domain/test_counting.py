"""What counts in a score: which of two decides, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.domain.counting import Beside, Counts, deciding, nothing_confirmed, sentence, shares

EVIDENCE: dict[str, Any] = {
    "total_fen": 810_000_000,
    "by_channel": {"subject": 520_000_000, "government": 290_000_000},
    "confirmed_fen": 290_000_000,
    "unconfirmed_fen": 520_000_000,
    "confirmed_by": {"other_source": 0, "other_side": 0, "bank": 0, "filing": 290_000_000},
}
WITH_ALL = Beside(Counts.EVERYTHING, "B", "ab", [1.0], 606, "BBB", 0.018, 0.01, 0.03)
exact = st.floats(0, 1000)


@given(everything=exact, confirmed=exact)
def test_what_is_not_confirmed_never_raises_the_score_that_decides(everything: float, confirmed: float) -> None:
    """The score of `confirmed` is the lower of the two, whatever a model makes of them."""
    scores = {Counts.EVERYTHING: everything, Counts.CONFIRMED: confirmed}
    assert scores[deciding(Counts.CONFIRMED, everything, confirmed)] == min(scores.values())


@given(everything=exact, confirmed=exact)
def test_who_counts_everything_gets_the_score_with_everything(everything: float, confirmed: float) -> None:
    assert deciding(Counts.EVERYTHING, everything, confirmed) is Counts.EVERYTHING


def test_a_sentence_says_how_much_what_it_would_do_and_what_would_confirm_it() -> None:
    told = sentence(Counts.CONFIRMED, 495, WITH_ALL, EVIDENCE)
    for part in ("CNY 5.20 million of CNY 8.10 million", "not counted", "495", "606", "bank statement", "tax filing"):
        assert part in told["en"]
    for part in ("520.00 万元", "810.00 万元", "未计入", "495", "606", "银行流水", "纳税申报"):
        assert part in told["zh"]


def test_who_counts_everything_is_told_that_it_was_counted_and_what_it_did() -> None:
    beside = replace(WITH_ALL, counts=Counts.CONFIRMED, score=495)
    told = sentence(Counts.EVERYTHING, 606, beside, EVIDENCE)
    assert "was counted" in told["en"]
    assert "606 points with it, and 495 without it" in told["en"]
    nothing = sentence(Counts.EVERYTHING, 606, replace(beside, score=None), EVIDENCE)
    assert "nothing is left to score" in nothing["en"]


def test_a_lower_score_with_everything_is_said_to_decide() -> None:
    beside = replace(WITH_ALL, counts=Counts.CONFIRMED, score=510)
    assert "the lower decides" in sentence(Counts.CONFIRMED, 495, beside, EVIDENCE)["en"]


def test_a_sentence_needs_no_evidence() -> None:
    """Where the profile service does not say of how much money."""
    assert "What only the firm itself states was not counted" in sentence(Counts.CONFIRMED, 495, WITH_ALL, None)["en"]


def test_where_all_money_is_confirmed_the_number_of_invoices_is_named() -> None:
    """Bank lines and filings confirm money: only the other side can tell how many invoices it was."""
    evidence = EVIDENCE | {"confirmed_fen": 810_000_000, "unconfirmed_fen": 0}
    told = sentence(Counts.CONFIRMED, 495, WITH_ALL, evidence)
    assert told["en"].startswith("How many invoices and partners stand behind money that a bank statement")
    assert told["en"].endswith("To have it counted: the invoices of the other side.")
    assert "张数与交易对方未计入评分" in told["zh"]
    beside = replace(WITH_ALL, counts=Counts.CONFIRMED, score=495)
    assert (
        "The invoices of the other side would confirm it." in sentence(Counts.EVERYTHING, 606, beside, evidence)["en"]
    )


def test_a_refusal_says_what_to_hand_in_in_both_languages() -> None:
    told = nothing_confirmed("local:E1", EVIDENCE)
    for part in ("local:E1", "CNY 5.20 million", "bank statement", "未评分", "银行流水", "counts: everything"):
        assert part in told


def test_shares_are_of_the_whole_money() -> None:
    told = shares(EVIDENCE)
    assert told["shares"] == {"subject": pytest.approx(52 / 81), "government": pytest.approx(29 / 81)}
    assert told["confirmed_share"] == pytest.approx(29 / 81)


def test_without_money_there_are_no_shares() -> None:
    told = shares({**EVIDENCE, "total_fen": 0, "by_channel": {"subject": 0}, "confirmed_fen": 0})
    assert (told["shares"], told["confirmed_share"]) == ({"subject": None}, None)
