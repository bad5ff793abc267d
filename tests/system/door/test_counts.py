"""A firm invents its trade: the score that decides stays, and every answer says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from town import Town, bring_in, firms

BANK = "bank with consent"
NEED = {"amount_fen": 50_000_000, "months": 12}
MONTHS, A_MONTH = 36, 12
EACH_FEN = 50_000_000
INVOICES = "enterprise,number,counterparty,date,net_fen,tax_fen,total_fen,status,synthetic"
PAYMENTS = "enterprise,counterparty,date,amount_fen,direction,synthetic"
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def weakest(town: Town) -> list[Any]:
    """Return the scores of the firms whose owners have not come, the lowest first: they would win most."""
    scored = [made for firm in firms(town) if firm not in town.came and (made := score(town, firm))]
    return sorted(scored, key=lambda each: float(each["score"]))


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := found()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)
    return seen


def score(town: Town, firm: str, **said: Any) -> Any:
    made = town.ask(BANK, "POST", "/v1/scores", {"enterprise": firm, **said})
    return made.json if made.status == 201 else None


def tell(town: Town, who: str, kind: str, rows: list[str]) -> None:
    """Hand in rows as somebody, all of which are taken."""
    place = f"/v1/imports?kind={kind}&filename=f.csv"
    headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": f"{who} {kind}"}
    sent = town.send(who, "POST", place, "\n".join(rows).encode(), headers).json
    until(lambda: town.ask(who, "GET", f"/v1/imports/{sent['id']}").json["state"] == "done")
    assert town.ask(who, "GET", f"/v1/imports/{sent['id']}").json["accepted"] == len(rows) - 1


def invented(firm: str, day: date) -> list[str]:
    """Return 432 invoices of three years with twelve partners, each month's alike."""
    rows = [INVOICES]
    for on, place in days(day):
        money = f"{EACH_FEN},{EACH_FEN // 10},{EACH_FEN * 11 // 10}"
        rows.append(f"{firm},SELF{on:%y%m}{place:03d},local:CUST{place:03d},{on},{money},valid,true")
    return rows


def paid(firm: str, day: date) -> list[str]:
    """Return a payment for each of these, in the firm's own words."""
    lines = [f"{firm},local:CUST{place:03d},{on},{EACH_FEN * 11 // 10},in,true" for on, place in days(day)]
    return [PAYMENTS, *lines]


def days(day: date) -> list[tuple[date, int]]:
    months = [day.year * 12 + day.month - 1 - back for back in range(1, MONTHS + 1)]
    return [(date(each // 12, each % 12 + 1, 1 + 2 * place), place) for each in months for place in range(A_MONTH)]


def restated(town: Town, who: str, firm: str) -> list[str]:
    """Return invoices that others have told of the firm, each with ten times the money."""
    evidence = f"/v1/enterprises/{firm}/evidence?feature=sales_36m&limit=50"
    told = [each["record"] for each in town.ask(who, "GET", evidence).json["items"]]
    money = ("net_fen", "tax_fen", "total_fen")
    return [INVOICES] + [
        ",".join([firm, each["number"], each["counterparty"], each["date"], *(str(each[name] * 10) for name in money)])
        + ",valid,true"
        for each in told
    ]


@pytest.mark.parametrize("what", ["sales", "sales and purchases", "sales and their payments", "larger sales"])
def test_invented_trade_does_not_raise_the_score_that_decides(town: Town, weakest: list[Any], what: str) -> None:
    """Hundreds of invoices go in, score and grade stay, the answer says what was not counted and why."""
    before = weakest.pop(0)
    firm, day = before["enterprise"], date.fromisoformat(before["as_of"])
    bring_in(town, what, firm)
    tell(town, what, "invoices.sale", restated(town, what, firm) if what == "larger sales" else invented(firm, day))
    if what == "sales and purchases":
        tell(town, what, "invoices.purchase", invented(firm, day))
    if what == "sales and their payments":
        tell(town, what, "payments", paid(firm, day))

    after = score(town, firm, as_of=before["as_of"])

    assert (after["score"], after["grade"]) == (before["score"], before["grade"])
    assert after["with_everything"]["score"] > after["score"] == after["with_confirmed"]["score"]
    assert after["evidence"]["unconfirmed_fen"] == after["evidence"]["by_channel"]["subject"] > 0
    assert "which only the firm itself states, was not counted" in after["counted"]["en"]
    assert "未计入评分" in after["counted"]["zh"]
    trusting = score(town, firm, as_of=before["as_of"], counts="everything")
    assert trusting["score"] == after["with_everything"]["score"]
    own = town.ask(what, "GET", f"/v1/scores/{after['id']}").json
    assert (own["score"], own["evidence"]) == (after["score"], None)
    match = town.ask(BANK, "POST", "/v1/matches", {"enterprise": firm, "need": NEED}, Purpose="financing-match").json
    assert match["score"]["score"] < match["score"]["with_everything"]["score"]
    assert match["score"]["counted"] is not None


def test_a_bank_sets_what_counts_by_the_command(town: Town) -> None:
    """Its scores, its quotes and no other bank's follow until it goes back to what is usual here."""
    key = town.headers[BANK]["Authorization"].removeprefix("Bearer ")

    def counting(*said: str) -> Any:
        command = [Path(sys.executable).with_name("smecredit"), "counting", *said, "--url", town.url, "--json"]
        environment = {**os.environ, "SMECREDIT_API_KEY": key}
        return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    def quoted() -> str:
        terms = {"funding": 0.02, "operating": 0.005, "margin": 0.01, "lgd": 0.4, "advance": 0.9, "recourse": True}
        order = {"seller": town.enterprise, "payer_pd": 0.02, "amount_fen": 10_000_000, "due_days": 90, "terms": terms}
        return str(town.ask(BANK, "POST", "/v1/receivable-quotes", order).json["counts"])

    before = counting()
    assert (before["counts"], before["own"]) == ("confirmed", None)
    assert (score(town, town.enterprise)["counts"], quoted()) == ("confirmed", "confirmed")
    try:
        assert counting("everything", "--note", "our own policy")["own"] == "everything"
        assert (score(town, town.enterprise)["counts"], quoted()) == ("everything", "everything")
        assert town.ask("bank without consent", "GET", "/v1/counting-policy").json["counts"] == "confirmed"
    finally:
        assert counting("usual")["counts"] == "confirmed"
    assert score(town, town.enterprise)["counts"] == "confirmed"
