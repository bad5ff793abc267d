"""The demonstration's consents: who may read for what."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from smecredit.report import Reporter
from smecredit.running import journey
from tests.answering import answering


def test_firms_let_the_bank_the_buyer_the_supervisor_and_the_platform_read_each_for_its_own_purpose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that each of their stories can be tried; the bank is not thereby let in for anything but credit."""
    given: list[dict[str, Any]] = []

    def answer(_method: str, path: str, body: bytes | None) -> Any:
        if path.startswith("/v1/enterprises"):
            return {"items": [{"id": f"local:{name}"} for name in "AB"], "next": None}
        if path.startswith("/v1/clients"):
            return [{"id": each["id"], "key": each["id"]} for each in json.loads(body or b"")]
        given.append(json.loads(body or b""))
        return {"id": "cns_1"}

    with answering(monkeypatch, answer):
        clients = journey.Clients(os.environ["SMECREDIT_URL"], {journey.OPERATOR: "smc_test"})
        assert journey.consent_all(clients, Reporter()) == 2
    told = {(each["grantee"], *each["purposes"]) for each in given}
    assert told == {
        ("bank-demo", *journey.PURPOSES),
        ("buyer-demo", "procurement"),
        ("operator-demo", "supervision"),
        ("platform-demo", "financing-match", "financing-application"),
    }
    assert len(given) == 8
    assert {"portrait", "graph"} <= set.intersection(*(set(each["fields"]) for each in given))
