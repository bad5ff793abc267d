"""API6:2023, business flows: what makes sense once is not won by doing it often, alone or in another's name."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from knocks import NEED, PRODUCT
from town import BANK, FIELDS, Town

AT_ONCE = 6


def test_what_only_the_firm_states_does_not_lift_its_score(town: Town) -> None:
    """D2: invented sales to invented customers, whoever reads the score; what is confirmed decides."""
    firm = town.disputant
    until = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    wish = {"grantee": BANK, "purposes": ["credit-assessment"], "fields": FIELDS, "valid_until": until}
    assert town.ask("disputant", "POST", "/v1/consents", wish).status == 201
    one = {"enterprise": firm}
    before = town.ask("bank with consent", "POST", "/v1/scores", one)
    assert before.status == 201, before.data
    sales = [
        {
            "direction": "sale",
            "number": f"SELF{number}",
            "counterparty": f"local:INVENTED{number % 7}",
            "date": f"2019-{1 + number % 12:02}-{1 + number % 28:02}",
            "net_fen": 400_000_000,
            "tax_fen": 40_000_000,
            "total_fen": 440_000_000,
            "status": "valid",
            "synthetic": True,
        }
        for number in range(100)
    ]
    sent = town.ask("disputant", "POST", f"/v1/enterprises/{firm}/invoices", {"records": sales})
    taken = town.imported("disputant", sent)
    assert (taken["state"], taken["accepted"]) == ("done", len(sales))
    after = town.ask("bank with consent", "POST", "/v1/scores", one)
    assert after.status == 201, after.data
    assert after.json["with_everything"] != before.json["with_everything"]
    assert after.json["score"] <= before.json["score"]


def test_one_key_has_one_effect_however_many_send_it_at_once(town: Town) -> None:
    """An application under one Idempotency-Key is one application."""
    wish = {"enterprise": town.enterprise, "products": [PRODUCT["id"]], "need": NEED}
    key = str(uuid4())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(
            pool.map(
                lambda _: town.ask("owner", "POST", "/v1/applications", wish, **{"Idempotency-Key": key}),
                range(AT_ONCE),
            )
        )
    told = {each.json["applications"][0]["id"] for each in answers if each.status in {200, 201}}
    assert len(told) == 1, [each.data for each in answers]
    assert {each.status for each in answers} <= {200, 201, 409}


def test_one_key_of_two_clients_is_two_keys(town: Town) -> None:
    """An answer is replayed to whom it was given alone."""
    key = {"Idempotency-Key": "the-same-key"}
    mine = town.ask("bank with consent", "POST", "/v1/scores", {"enterprise": town.enterprise}, **key)
    theirs = town.ask("bank without consent", "POST", "/v1/scores", {"enterprise": town.enterprise}, **key)
    assert (mine.status, theirs.status) == (201, 403)


def test_a_limit_of_reads_holds_at_once(town: Town) -> None:
    """Twelve reads side by side under a consent to three a day."""
    until = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    (made,) = town.ask("operator", "POST", "/v1/clients", [{"id": "bank-of-three", "role": "bank"}]).json
    town.headers["bank of three"] = {"Authorization": f"Bearer {made['key']}"}
    wish = {"grantee": "bank-of-three", "purposes": ["credit-assessment"], "fields": FIELDS, "valid_until": until}
    assert town.ask("owner", "POST", "/v1/consents", {**wish, "most_reads_a_day": 3}).status == 201
    path = f"/v1/enterprises/{town.enterprise}/features"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(pool.map(lambda _: town.ask("bank of three", "GET", path).status, range(12)))
    assert statuses == [200] * 3 + [429] * 9


def test_a_consent_to_training_gives_no_score(town: Town) -> None:
    """D6: `model-training` and the field `features` open tables, not one firm's credit."""
    until = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    (made,) = town.ask("operator", "POST", "/v1/clients", [{"id": "bank-of-training", "role": "bank"}]).json
    town.headers["bank of training"] = {"Authorization": f"Bearer {made['key']}"}
    wish = {"grantee": "bank-of-training", "purposes": ["model-training"], "fields": ["features"], "valid_until": until}
    assert town.ask("owner", "POST", "/v1/consents", wish).status == 201
    one = {"enterprise": town.enterprise}
    for purpose in ("model-training", "credit-assessment", "credit-monitoring"):
        answer = town.ask("bank of training", "POST", "/v1/scores", one, Purpose=purpose)
        assert (answer.status, answer.json["type"]) == (403, "/problems/consent-required"), (purpose, answer.data)
    tables = town.ask(
        "bank of training", "POST", "/v1/feature-sets", {"enterprises": [town.enterprise]}, Purpose="model-training"
    )
    assert tables.status == 200, tables.data
