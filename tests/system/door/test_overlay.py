"""A court lists a firm as a serious dishonest debtor: the next score, match and receipt are under the rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from town import Town, bring_in, firms

BANK, COURT = "bank with consent", "data source"
NEED = {"amount_fen": 50_000_000, "months": 12}
FIRMS = 12
PATIENCE_SECONDS = 60


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := found()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)
    return seen


def score(town: Town, firm: str) -> Any:
    made = town.ask(BANK, "POST", "/v1/scores", {"enterprise": firm})
    return made.json if made.status == 201 else None


@pytest.fixture
def sound(town: Town) -> Any:
    """Return the score of the soundest of some firms; its owner comes as `listed`."""
    apart = {town.enterprise, town.other, town.disputant}
    scored = [made for firm in firms(town) if firm not in apart and (made := score(town, firm))][:FIRMS]
    best = max(scored, key=lambda each: each["score"])
    bring_in(town, "listed", best["enterprise"])
    return best


def listed(firm: str, day: date) -> bytes:
    """Return the entry that a court publishes."""
    decided = day - timedelta(days=30)
    row = f"dishonest,{firm},(2026)zhi-77,serious,court,{decided},{decided},true"
    return f"record,enterprise,number,tier,authority,date,published_on,synthetic\n{row}\n".encode()


def test_a_dishonest_entry_caps_the_grade_of_all_that_follows(town: Town, sound: Any) -> None:
    """One story: told with the record and what ends it, to bank and firm; the model says what it said."""
    firm = sound["enterprise"]
    assert (sound["overlay"], sound["model"]["grade"]) == ([], sound["grade"])
    sent = town.send(
        COURT,
        "POST",
        "/v1/imports?kind=public-records&filename=court.csv",
        listed(firm, date.fromisoformat(sound["as_of"])),
        {"Content-Type": "application/octet-stream", "Idempotency-Key": "listed"},
    ).json
    place = f"/v1/imports/{sent['id']}"
    until(lambda: town.ask(COURT, "GET", place).json["state"] == "done")
    assert town.ask(COURT, "GET", place).json["accepted"] == 1

    after = score(town, firm)
    (rule,) = after["overlay"]
    assert (rule["rule"], rule["effect"]["cap"], after["grade"]) == ("dishonest-debtor", "CCC", "CCC")
    assert (after["score"], after["model"]["grade"]) == (sound["score"], sound["grade"])
    assert [each["points"] for each in after["contributions"]] == [each["points"] for each in sound["contributions"]]

    read = town.ask("listed", "GET", f"/v1/scores/{after['id']}").json
    assert read["overlay"] == after["overlay"]
    match = town.ask(BANK, "POST", "/v1/matches", {"enterprise": firm, "need": NEED}, Purpose="financing-match").json
    assert (match["score"]["grade"], match["score"]["pd"]) == (after["grade"], after["pd"])
    assert [each["rule"] for each in match["score"]["overlay"]] == ["dishonest-debtor"]
    receipt = town.ask(BANK, "GET", after["receipt"]).json
    assert receipt["receipt"]["effective_grade"] == "CCC"
    assert town.ask(BANK, "POST", "/v1/receipt-verifications", receipt).json["valid"]
