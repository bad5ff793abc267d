"""What was derived under a consent is closed with it: at every route, in the next moment."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from town import FIELDS, Town

NEED = {"amount_fen": 50_000_000, "months": 12}


def consent(town: Town, grantee: str) -> str:
    until = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    purposes = ["credit-assessment", "financing-match"]
    wish = {"grantee": grantee, "purposes": purposes, "fields": FIELDS, "valid_until": until}
    return str(town.ask("owner", "POST", "/v1/consents", wish).json["id"])


def test_revoking_closes_scores_receipts_matches_batches_and_replays(town: Town) -> None:
    """All of them were open a moment before; the firm itself reads on."""
    who, one = "bank without consent", {"enterprise": town.enterprise}
    given = consent(town, "door-0")
    key, batch_key = str(uuid4()), str(uuid4())
    score = town.ask(who, "POST", "/v1/scores", one, **{"Idempotency-Key": key}).json["id"]
    match = town.ask(who, "POST", "/v1/matches", one | {"need": NEED}, Purpose="financing-match").json["id"]
    order = {"enterprises": [town.enterprise]}
    batch = town.ask(who, "POST", "/v1/score-batches", order, **{"Idempotency-Key": batch_key}).json["id"]
    while town.ask(who, "GET", f"/v1/score-batches/{batch}").json["state"] not in {"done", "failed"}:
        time.sleep(0.05)
    paths = [f"/v1/scores/{score}", f"/v1/scores/{score}/receipt", f"/v1/matches/{match}", f"/v1/matches/{match}/trace"]

    def statuses(reader: str) -> list[int]:
        replay = town.ask(reader, "POST", "/v1/scores", one, **{"Idempotency-Key": key}).status
        return [*(town.ask(reader, "GET", path).status for path in paths), replay]

    def lines() -> bytes:
        return town.ask(who, "GET", f"/v1/score-batches/{batch}/results").data

    assert statuses(who) == [200, 200, 200, 200, 201]
    assert b'"score":' in lines()
    assert town.ask("owner", "POST", f"/v1/consents/{given}/revoke").status == 200
    assert statuses(who) == [403] * 5
    assert b'"score":' not in lines()
    assert town.ask("owner", "GET", f"/v1/scores/{score}").status == 200
