"""Receipts: signed, reproducible bit for bit, and no change of one goes unnoticed."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.core.settings import SettingsError
from services.scoring.context import Context
from services.scoring.domain.receipt import canonical
from services.scoring.settings import Settings
from services.scoring.store import overrides

Send = Callable[..., Any]


@pytest.fixture
def score(serving: Flask, send: Send) -> Any:
    return send("/v1/scores", {"enterprise": "local:E1"}).json


@pytest.fixture
def receipt(score: Any, read: Any) -> Any:
    return read(score["receipt"]).json


@pytest.fixture
def verify(send: Send) -> Callable[[Any], Any]:
    return lambda document: send("/v1/receipt-verifications", document).json


def test_a_score_names_its_receipt_and_the_receipt_says_the_same(score: Any, receipt: Any) -> None:
    """Score, grade, PD, hash and model are those of the score."""
    stated = receipt["receipt"]
    for name in ("score", "grade", "pd", "pd_interval", "features_sha256", "base_points", "as_of", "known_at"):
        assert stated[name] == score[name]
    assert (stated["score_id"], stated["model"]) == (score["id"], score["model"]["version"])


def test_the_published_key_verifies_the_signature_without_us(receipt: Any, read: Any) -> None:
    """With the public key and RFC 8785 alone."""
    (key,) = read("/v1/receipt-keys").json["keys"]
    raw = [base64.urlsafe_b64decode(text + "==") for text in (key["x"], receipt["signature"]["value"])]
    Ed25519PublicKey.from_public_bytes(raw[0]).verify(raw[1], canonical(receipt["receipt"]))


def test_a_receipt_names_the_reasons_that_were_told(score: Any, receipt: Any) -> None:
    """By code, and by the feature's name where the list has none, as of the features of this test's catalogue."""
    told = [reason["code"] or reason["feature"] for reason in score["reasons"]]
    assert receipt["receipt"]["reasons"] == told
    assert told


def test_a_receipt_from_before_reasons_had_codes_still_holds(
    serving: Flask, score: Any, receipt: Any, verify: Any
) -> None:
    """The first form did not name them; it is held against what it stated."""
    newer = {"reasons", "overlay", "effective_grade", "effective_pd"}
    stated = {name: value for name, value in receipt["receipt"].items() if name not in newer}
    stated["form"] = "smecredit-receipt-1"
    context: Context = serving.extensions["context"]
    first = {"receipt": stated, "signature": context.signer.sign(canonical(stated))}
    assert verify(first) == {"valid": True, "signed": True, "reproduced": True, "differences": []}


def test_a_receipt_is_the_same_at_every_read(score: Any, receipt: Any, read: Any) -> None:
    """Nothing in it depends on when it is asked for."""
    assert read(score["receipt"]).json == receipt


def test_a_true_receipt_is_reproduced(receipt: Any, verify: Any) -> None:
    """Signature, inputs, model and score all hold."""
    assert verify(receipt) == {"valid": True, "signed": True, "reproduced": True, "differences": []}


def test_a_batchs_score_is_reproduced_too(serving: Flask, send: Send, read: Any, work: Any, verify: Any) -> None:
    """It was made in columns, and comes out again to the last bit."""
    batch = send("/v1/score-batches", {"enterprises": [f"local:E{i}" for i in range(1, 9)]}).json["id"]
    work()
    lines = read(f"/v1/score-batches/{batch}/results").get_data(as_text=True).splitlines()
    for line in lines:
        place = Flask("x").json.loads(line)["receipt"]
        assert verify(read(place).json)["valid"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_every_mutation_is_noticed(receipt: Any, verify: Any, data: st.DataObject) -> None:
    """Whatever member is changed, however little: not valid, and the member is named."""
    mutant = copy.deepcopy(receipt)
    name = data.draw(st.sampled_from(sorted(set(receipt["receipt"]) - {"score_id"})))
    value = mutant["receipt"][name]
    mutant["receipt"][name] = _changed(value, data)
    told = verify(mutant)
    assert not told["valid"]
    assert not told["signed"]
    assert [difference["field"] for difference in told["differences"]] == [name]


def _changed(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict):
        name = data.draw(st.sampled_from(sorted(name for name in value if value[name])))
        return {**value, name: _changed(value[name], data)}
    if isinstance(value, list):
        return [*value[:-1], _changed(value[-1], data)]
    if isinstance(value, float):
        return value * (1 + 2**-52)
    if isinstance(value, int):
        return value + data.draw(st.integers(1, 50))
    place = data.draw(st.integers(0, len(value) - 1))
    return value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]


def test_a_changed_signature_is_noticed(receipt: Any, verify: Any) -> None:
    """The score still comes out: what fails is the proof of who said it."""
    text = receipt["signature"]["value"]
    receipt["signature"]["value"] = ("A" if text[0] != "A" else "B") + text[1:]
    assert verify(receipt) == {"valid": False, "signed": False, "reproduced": True, "differences": []}


def test_a_member_left_out_or_added_is_noticed(receipt: Any, verify: Any) -> None:
    """Absent is a difference too."""
    del receipt["receipt"]["pd"]
    receipt["receipt"]["limit"] = 1
    assert [difference["field"] for difference in verify(receipt)["differences"]] == ["limit", "pd"]


def test_another_bank_cannot_have_a_receipt_or_prove_one(score: Any, receipt: Any, serving: Flask, tokens: Any) -> None:
    """It would tell them the score."""
    other = {**tokens(client="bank-2", scopes="scores:read"), "Purpose": "credit-assessment"}
    client = serving.test_client()
    assert client.get(score["receipt"], headers=other).status_code == 404
    assert client.post("/v1/receipt-verifications", json=receipt, headers=other).status_code == 404


@pytest.mark.parametrize("keys", [None, "short", "zz" * 32])
def test_production_needs_a_receipt_key_of_its_own(monkeypatch: pytest.MonkeyPatch, keys: str | None) -> None:
    """A key made on the way would be another one on each machine."""
    monkeypatch.setenv("SMECREDIT_ENV", "production")
    if keys:
        monkeypatch.setenv("SCORING_RECEIPT_KEYS", keys)
    with pytest.raises(SettingsError, match="SCORING_RECEIPT_KEYS"):
        Settings.from_environment()


def test_an_override_stands_beside_the_score(score: Any, send: Send, read: Any) -> None:
    """The model's score and grade stay as they were; the override is told with them."""
    grade = "AA" if score["grade"] != "AA" else "A"
    decision = {"grade": grade, "reason": "collateral", "note": "A mortgage over the plant."}
    made = send(f"/v1/scores/{score['id']}/override", decision)
    assert made.status_code == 201
    again = read(f"/v1/scores/{score['id']}").json
    assert again["override"] == made.json
    assert {**again, "override": None} == score
    listed = read("/v1/enterprises/local:E1/scores").json["items"][0]
    assert listed["override"] == made.json


def test_an_override_leaves_the_receipt_as_it_was(score: Any, receipt: Any, send: Send, read: Any) -> None:
    """What the model said is what is proven."""
    grade = "AA" if score["grade"] != "AA" else "A"
    decision = {"grade": grade, "reason": "other", "note": "As the committee decided."}
    send(f"/v1/scores/{score['id']}/override", decision)
    assert read(score["receipt"]).json == receipt


@pytest.mark.parametrize(
    "wrong", [{"grade": "Z"}, {"reason": "because"}, {"note": "short"}, {"note": None}, {"grade": None}]
)
def test_an_override_needs_a_grade_a_reason_and_a_note(score: Any, send: Send, wrong: dict[str, Any]) -> None:
    """Nobody decides without words."""
    decision = {"grade": "A", "reason": "policy", "note": "A rule of the house.", **wrong}
    assert send(f"/v1/scores/{score['id']}/override", decision).status_code == 422


def test_an_override_to_the_same_grade_is_refused(score: Any, send: Send) -> None:
    """It would count as one in the rates."""
    decision = {"grade": score["grade"], "reason": "policy", "note": "A rule of the house."}
    answer = send(f"/v1/scores/{score['id']}/override", decision)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/override-changes-nothing")


def test_the_rates_of_overrides_can_be_asked_for(serving: Flask, score: Any, send: Send) -> None:
    """The latest of a score counts, by direction and reason."""
    send("/v1/scores", {"enterprise": "local:E2"})
    for grade, reason in (("C", "early-warning"), ("AAA", "group-support")):
        send(f"/v1/scores/{score['id']}/override", {"grade": grade, "reason": reason, "note": "Seen by the analyst."})
    now = datetime.now(UTC)
    with serving.extensions["database"].read() as session:
        counts = overrides.override_counts(session, "bank-1", now - timedelta(hours=1), now + timedelta(hours=1))
    assert counts == {"scores": 2, "overridden": 1, "up": 1, "down": 0, "by_reason": {"group-support": 1}}
