"""A firm invents its sales: the score that decides stays, and every answer says why."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from town import Town, bring_in, firms

BANK = "bank with consent"
NEED = {"amount_fen": 50_000_000, "months": 12}
FIRMS, MONTHS, A_MONTH = 12, 36, 12
EACH_FEN = 50_000_000
PATIENCE_SECONDS = 60


@pytest.fixture
def inventor(town: Town) -> str:
    """Return the weakest of some firms that no other test uses; its owner comes as `inventor`."""
    apart = {town.enterprise, town.other, town.disputant}
    scored = [made for firm in firms(town) if firm not in apart and (made := score(town, firm))][:FIRMS]
    weakest = str(min(scored, key=lambda each: each["score"])["enterprise"])
    bring_in(town, "inventor", weakest)
    return weakest


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := found()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)
    return seen


def score(town: Town, firm: str, **said: Any) -> Any:
    made = town.ask(BANK, "POST", "/v1/scores", {"enterprise": firm, **said})
    return made.json if made.status == 201 else None


def invented(firm: str, day: date) -> bytes:
    """Return 432 sales of three years to twelve customers, each month's alike."""
    rows = ["enterprise,number,counterparty,date,net_fen,tax_fen,total_fen,status,synthetic"]
    for back in range(1, MONTHS + 1):
        month = day.year * 12 + day.month - 1 - back
        for place in range(A_MONTH):
            on = date(month // 12, month % 12 + 1, 1 + 2 * place)
            money = f"{EACH_FEN},{EACH_FEN // 10},{EACH_FEN * 11 // 10}"
            rows.append(f"{firm},SELF{back:02d}{place:03d},local:CUST{place:03d},{on},{money},valid,true")
    return "\n".join(rows).encode()


def test_invented_sales_do_not_raise_the_score_that_decides(town: Town, inventor: str) -> None:
    """One story: 432 invoices go in, the score and the match stay, both say what was not counted and why."""
    before = score(town, inventor)
    sent = town.send(
        "inventor",
        "POST",
        "/v1/imports?kind=invoices.sale&filename=f.csv",
        invented(inventor, date.fromisoformat(before["as_of"])),
        {"Content-Type": "application/octet-stream", "Idempotency-Key": "invented"},
    ).json
    place = f"/v1/imports/{sent['id']}"
    until(lambda: town.ask("inventor", "GET", place).json["state"] == "done")
    done = town.ask("inventor", "GET", place).json
    assert done["accepted"] == MONTHS * A_MONTH

    after = score(town, inventor, as_of=before["as_of"])

    assert (after["score"], after["grade"]) == (before["score"], before["grade"])
    assert after["with_everything"]["score"] > after["score"] == after["with_confirmed"]["score"]
    # Of the first month a part may lie before the 36 months that are looked at.
    whole = MONTHS * A_MONTH * EACH_FEN * 11 // 10
    assert whole * (MONTHS - 1) // MONTHS <= after["evidence"]["unconfirmed_fen"] <= whole
    assert "which only the firm itself states, was not counted" in after["counted"]["en"]
    assert "未计入评分" in after["counted"]["zh"]
    trusting = score(town, inventor, as_of=before["as_of"], counts="everything")
    assert trusting["score"] == after["with_everything"]["score"]
    match = town.ask(
        BANK, "POST", "/v1/matches", {"enterprise": inventor, "need": NEED}, Purpose="financing-match"
    ).json
    assert match["score"]["score"] <= before["score"]
    assert match["score"]["with_everything"]["score"] > match["score"]["score"]
    assert match["score"]["counted"] is not None
