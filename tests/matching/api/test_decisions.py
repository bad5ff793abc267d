"""Past decisions over HTTP: imported once, told with each offer, and no way to buy a rank."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from bank_products import a_product
from flask.testing import FlaskClient

from chassis.core.moments import today
from services.matching import store

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}


def decisions(count: int = 200) -> list[dict[str, Any]]:
    rng = np.random.default_rng(5)
    return [
        {
            "reference": f"case-{number}",
            "score": int(score),
            "amount_fen": 20_000_000,
            "months": 12,
            "approved": bool(score + rng.normal(0, 20) > 600),
            "decided_on": "2025-03-01",
        }
        for number, score in enumerate(rng.integers(450, 750, count))
    ]


def tell(client: FlaskClient, headers: Headers, items: list[dict[str, Any]], key: str = "d1") -> Any:
    return client.post("/v1/decisions", json={"items": items}, headers={**headers, "Idempotency-Key": key})


def offer(client: FlaskClient, headers: Headers, key: str = "m1") -> Any:
    order = {"enterprise": "local:E1", "need": NEED}
    return client.post("/v1/matches", json=order, headers={**headers, "Idempotency-Key": key}).json["offers"][0]


@pytest.fixture(autouse=True)
def published(client: FlaskClient, bank: Headers) -> None:
    """One product of this bank."""
    assert client.put("/v1/products/credit", json=a_product(), headers=bank).status_code == 201


def test_a_reference_is_taken_once(client: FlaskClient, bank: Headers) -> None:
    """Also under another key."""
    items = decisions(20)
    assert tell(client, bank, items).json.items() >= {"added": 20, "known": 0, "decisions": 20}.items()
    assert tell(client, bank, items, "d2").json.items() >= {"added": 0, "known": 20, "decisions": 20}.items()


def test_a_decision_is_corrected_by_its_reference(client: FlaskClient, bank: Headers) -> None:
    """The last word of the bank counts, and is told again."""
    (first, second) = decisions(2)
    tell(client, bank, [first, second])
    corrected = {**second, "approved": not second["approved"], "decided_on": "2025-03-02"}
    answer = tell(client, bank, [first, corrected], "d2").json
    assert answer.items() >= {"added": 0, "corrected": 1, "known": 1, "decisions": 2}.items()
    assert client.get("/v1/decisions/case-1", headers=bank).json == corrected
    assert client.get("/v1/decisions", headers=bank).json["items"] == [first, corrected]


def test_a_decision_is_taken_back(client: FlaskClient, bank: Headers) -> None:
    """Nothing is learnt from it any more; also where its reference holds a slash."""
    item = {**decisions(1)[0], "reference": "2025/17"}
    tell(client, bank, [item])
    assert client.get("/v1/decisions/2025/17", headers=bank).json == item
    assert client.delete("/v1/decisions/2025/17", headers=bank).status_code == 204
    assert client.delete("/v1/decisions/2025/17", headers=bank).status_code == 404
    assert client.get("/v1/decisions", headers=bank).json["items"] == []


def test_decisions_are_their_banks_own(client: FlaskClient, bank: Headers, tokens: Any) -> None:
    """Another bank reads, corrects and takes back its own alone."""
    tell(client, bank, decisions(1))
    other = tokens(role="bank", client="bank-2", scopes="products:write")
    assert client.get("/v1/decisions", headers=other).json["items"] == []
    assert client.get("/v1/decisions/case-0", headers=other).status_code == 404
    assert client.delete("/v1/decisions/case-0", headers=other).status_code == 404


def test_decisions_are_found_by_day_and_by_what_was_decided(client: FlaskClient, bank: Headers) -> None:
    """Both filters together."""
    base = {**decisions(1)[0], "approved": True}
    tell(client, bank, [base, {**base, "reference": "no", "approved": False, "decided_on": "2025-06-01"}])
    found = [
        [each["reference"] for each in client.get(f"/v1/decisions?{query}", headers=bank).json["items"]]
        for query in ("approved=true", "approved=false", "since=2025-06-01", "since=2025-06-01&approved=true")
    ]
    assert found == [["case-0"], ["no"], ["no"], []]


def test_a_decision_of_a_day_to_come_is_refused(client: FlaskClient, bank: Headers) -> None:
    """It would stand before all others for good; nothing of the order is kept."""
    good, bad = decisions(2)
    tomorrow = (today() + timedelta(days=1)).isoformat()
    answer = tell(client, bank, [good, {**bad, "decided_on": tomorrow}])
    assert answer.status_code == 422
    assert "decided_on" in str(answer.json["errors"])
    assert client.get("/v1/decisions", headers=bank).json["items"] == []
    assert tell(client, bank, [{**bad, "decided_on": today().isoformat()}], "d2").status_code == 201


def test_one_banks_many_late_decisions_blind_no_other(
    client: FlaskClient, bank: Headers, tokens: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each bank's newest are taken, whatever the others sent."""
    monkeypatch.setattr(store, "MOST_DECISIONS", 60)
    late = [{**each, "decided_on": today().isoformat()} for each in decisions(400)]
    tell(client, tokens(role="bank", client="bank-2", scopes="products:write"), late)
    tell(client, bank, decisions(100))
    assert offer(client, bank)["approval_decisions"] == 60


def test_what_a_bank_decides_here_is_learnt(client: FlaskClient, bank: Headers, tokens: Any) -> None:
    """By the score of the match that the application came from; what it says last counts."""
    scopes = "applications:write applications:read matches:write matches:read"
    firm = tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes=scopes)
    lender = tokens(role="bank", client="bank-1", scopes=f"{scopes} products:write")

    def post(who: Headers, path: str, body: Any) -> Any:
        answer = client.post(path, json=body, headers=who | {"Idempotency-Key": f"{path} key"})
        assert answer.status_code in (200, 201), answer.json
        return answer.json

    match = post(firm, "/v1/matches", {"enterprise": "local:E1", "need": NEED})
    wish = {"enterprise": "local:E1", "products": ["credit"], "need": NEED, "match": match["id"]}
    name = post(firm, "/v1/applications", wish)["applications"][0]["id"]
    post(lender, f"/v1/applications/{name}/offer", {"terms": {**NEED, "rate": 0.05}})
    kept = {"reference": name, "score": 668, **NEED, "approved": True, "decided_on": today().isoformat()}
    assert client.get("/v1/decisions", headers=bank).json["items"] == [kept]
    post(lender, f"/v1/applications/{name}/decline", {"reason": "found something"})
    assert client.get("/v1/decisions", headers=bank).json["items"] == [{**kept, "approved": False}]


def test_without_decisions_the_probability_is_unknown_and_said_to_be(client: FlaskClient, bank: Headers) -> None:
    """Null, from no decisions, with a note."""
    found = offer(client, bank)
    assert (found["approval_probability"], found["approval_decisions"]) == (None, 0)
    assert found["approval_note"]["zh"].startswith("未知")


def test_an_offer_tells_how_likely_its_bank_approves(client: FlaskClient, bank: Headers) -> None:
    """A score of 668 is far above what this bank has approved."""
    before = offer(client, bank)
    tell(client, bank, decisions())
    found = offer(client, bank, "m2")
    assert before["approval_probability"] is None
    assert found["approval_probability"] > 0.9
    assert found["approval_decisions"] == 200


def test_another_banks_decisions_say_nothing(client: FlaskClient, bank: Headers, tokens: Any) -> None:
    """Each bank is known by its own."""
    other = tokens(role="bank", client="bank-2", scopes="products:write")
    assert tell(client, other, decisions()).status_code == 201
    assert offer(client, bank)["approval_probability"] is None


def test_a_refusal_tells_what_would_open_it(client: FlaskClient, bank: Headers) -> None:
    """A smaller amount, certified; the grade is left to the score."""
    order = {"enterprise": "local:E1", "need": {"amount_fen": 400_000_000, "months": 12}}
    found = client.post("/v1/matches", json=order, headers={**bank, "Idempotency-Key": "m9"}).json["refusals"][0]
    assert [(plan["kind"], plan["changes"][0]["needed"]) for plan in found["recourse"]["plans"]] == [
        ("need", 270_000_000)
    ]
