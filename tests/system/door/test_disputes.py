"""A dispute through the whole suite: marked at once everywhere, both scores, corrected, told, scored anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from town import BANK as ITS_BANK
from town import FIELDS, Town

BANK, FIRM = "bank with consent", "disputant"
NEED = {"amount_fen": 50_000_000, "months": 12}
REPLY = "The buyer's books have no such invoice; it has been removed."
PATIENCE_SECONDS = 60


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (seen := found()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)
    return seen


def consent(town: Town) -> None:
    """Let the firm consent to its bank."""
    until = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    purposes = ["credit-assessment", "financing-match"]
    wish = {"grantee": ITS_BANK, "purposes": purposes, "fields": FIELDS, "valid_until": until}
    assert town.ask(FIRM, "POST", "/v1/consents", wish).status == 201


def test_a_firm_s_dispute_reaches_every_reader_and_its_end_too(town: Town) -> None:
    """One story: what is marked here is unmarked in the end, and the score is that of the right file."""
    consent(town)
    firm, one = f"/v1/enterprises/{town.disputant}", {"enterprise": town.disputant}
    score = town.ask(BANK, "POST", "/v1/scores", one).json
    match = town.ask(BANK, "POST", "/v1/matches", one | {"need": NEED}, Purpose="financing-match").json["id"]
    records = town.ask(FIRM, "GET", f"{firm}/evidence?feature=sales_36m").json["items"]
    largest = max(records, key=lambda each: each["record"]["total_fen"])
    item = {"item": {"kind": "invoices", "record": largest["name"]}, "reason": "not-ours", "statement": "Not ours."}
    dispute = town.ask(FIRM, "POST", "/v1/disputes", item).json["id"]
    paths = [firm, f"{firm}/features", f"{firm}/portrait", f"/v1/scores/{score['id']}", f"/v1/matches/{match}"]

    def marked() -> list[bool]:
        answers = [town.ask(BANK, "GET", path).json for path in paths]
        return [dispute in [mark["dispute"] for mark in answer["disputes"]] for answer in answers]

    # No waiting: the very next reads are marked.
    assert marked() == [True] * len(paths)
    again = town.ask(BANK, "POST", "/v1/scores", one).json
    assert again["score"] - again["undisputed"]["score"] == again["undisputed"]["difference"]
    said = {"decision": "corrected", "correction": "removed", "reply": REPLY}
    assert town.ask("operator", "POST", f"/v1/disputes/{dispute}/decision", said).status == 200
    assert marked() == [False] * len(paths)
    notices = town.ask(BANK, "GET", "/v1/notices").json["items"]
    assert dispute in [notice["act"] for notice in notices if notice["event"] == "file-corrected"]
    renewed = until(lambda: town.ask(BANK, "GET", f"/v1/scores/{again['id']}").json["renewed_by"])
    anew = town.ask(BANK, "GET", f"/v1/scores/{renewed}").json
    right = town.ask(FIRM, "GET", f"{firm}/features").json["features_sha256"]
    assert anew["features_sha256"] == right != again["features_sha256"]
