"""The list of reason codes, as it is read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from services.scoring.api import shown
from services.scoring.domain import reason_codes
from services.scoring.domain.assessment import Assessment, Legend, Meaning
from services.scoring.domain.contest import Contest
from services.scoring.domain.gate import Standing
from services.scoring.domain.leave import Leave


def test_the_list_is_read_whole_with_its_version(serving: Any, read: Any) -> None:
    answer = read("/v1/reason-codes").json
    assert (answer["version"], answer["sha256"]) == (reason_codes.version(), reason_codes.digest())
    assert len(answer["codes"]) == len(reason_codes.codes())
    first = answer["codes"][0]
    assert (first["code"], first["side"]) == ("R101", "costs")
    assert first["title"]["zh"]
    assert first["improve"]["en"]


def test_the_list_needs_a_caller(serving: Any) -> None:
    """It tells nothing of anybody, and is no page for strangers all the same."""
    assert serving.test_client().get("/v1/reason-codes").status_code == 401


def test_a_told_reason_bears_its_code_and_an_unlisted_feature_none() -> None:
    """Of a stored score, whenever its model was trained: the list goes by feature and side."""
    words = {"zh": "词", "en": "words"}
    legend = Legend(
        "mdl_1",
        "a-median-0",
        tuple(Meaning(name, words, "fen", "operation", 1.0, words, words) for name in ("sales_36m", "loan_officer")),
    )
    day, at = date(2020, 2, 21), datetime(2026, 1, 1, tzinfo=UTC)
    stored = Assessment(
        *("sco_1", "local:E1", "bank-1", "credit-assessment", None, "mdl_1", day, at, "B", "0" * 64),
        *(500, "CCC", 0.1, 0.05, 0.2, 512.0, [1.0, 2.0], [-9.0, -3.0], [0, 1], at),
    )
    told = shown.score(stored, legend, Contest(Leave([])), Standing(passed=True))["reasons"]
    assert [(each["feature"], each["code"]) for each in told] == [("sales_36m", "R202"), ("loan_officer", None)]
