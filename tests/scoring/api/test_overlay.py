"""Expert rules beside scores: told as what they are, changed by two, and replayed as they were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import polars as pl
import pytest
from flask import Flask

from chassis.core.moments import day_of
from services.scoring.domain import scale
from services.scoring.tables import OverlayVersion

RECORD = {"id": "rec_1", "type": "insolvency", "tier": None, "grade": None, "on": "2019-05-10", "until": None}
GOOD = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}
RULE = {
    "key": "freeze",
    "title": {"zh": "股权冻结", "en": "Frozen shares"},
    "type": "freeze",
    "cap": "CC",
    "ends": {"zh": "解除冻结", "en": "Have the freeze lifted"},
    "basis": {"zh": "本行政策", "en": "A policy of ours"},
}
FREEZE = {**RECORD, "id": "rec_2", "type": "freeze", "tier": None}


@pytest.fixture
def listed(serving: Flask, profile: Any) -> Any:
    """A sound firm with an unfinished insolvency (the model of these tests gives CCC at best)."""
    profile.change("local:E1", GOOD)
    profile.records["local:E1"] = [RECORD]
    return profile


@pytest.fixture
def score(send: Any) -> Callable[..., Any]:
    return lambda **order: send("/v1/scores", {"enterprise": "local:E1", **order}).json


@pytest.fixture
def decide(app: Flask, tokens: Any) -> Callable[..., Any]:
    """Return a function that posts to the expert rules as a client."""

    def post(path: str, body: Any = None, who: str = "operator-1", role: str = "operator", **claims: Any) -> Any:
        scopes = "overlays:write overlays:confirm"
        headers = {**tokens(client=who, role=role, scopes=scopes, **claims), "Idempotency-Key": str(uuid4())}
        return app.test_client().post(f"/v1/overlay-rules{path}", json=body, headers=headers)

    return post


def proposed(decide: Any, *rules: Any, **terms: Any) -> str:
    answer = decide("", {"rules": list(rules), "note": "Agreed by the risk committee", **terms})
    assert answer.status_code == 201, answer.json
    return str(answer.json["version"])


def overridden(send: Any, score: Any, grade: str) -> Any:
    decision = {"grade": grade, "reason": "other", "note": "Seen by the analyst."}
    return send(f"/v1/scores/{score['id']}/override", decision)


def test_one_analyst_does_not_lift_what_two_decided(listed: Any, score: Any, send: Any) -> None:
    """The grade that decides is the capped one: better is refused, the same changes nothing, worse stands."""
    capped = score()
    assert capped["grade"] == "C" != capped["model"]["grade"]
    refusals = [overridden(send, capped, grade) for grade in (capped["model"]["grade"], "A", "C")]
    kinds = [answer.json["type"].rsplit("/", 1)[1] for answer in refusals]
    assert kinds == ["override-above-cap", "override-above-cap", "override-changes-nothing"]
    worse = overridden(send, capped, "D")
    assert (worse.status_code, worse.json["steps"]) == (201, -1)
    assert worse.json["model_grade"] == capped["model"]["grade"]


def test_an_insolvency_caps_the_grade_and_leaves_the_models_figures(listed: Any, score: Any) -> None:
    """It stands beside the model's score, in none of its contributions."""
    capped = score()
    listed.records.clear()
    clean = score()
    assert (capped["grade"], clean["grade"]) == ("C", clean["model"]["grade"])
    assert capped["score"] == clean["score"] == capped["model"]["score"]
    assert capped["contributions"] == clean["contributions"]
    assert capped["pd"] == pytest.approx(float(scale.pd_of(439)))
    assert (capped["model"]["grade"], capped["model"]["pd"]) == (clean["grade"], clean["pd"])
    assert capped["base_points"] + sum(each["points"] for each in capped["contributions"]) == pytest.approx(
        capped["score"], abs=0.5 + 1e-6
    )


def test_the_rule_is_told_with_its_record_and_how_to_end_it(listed: Any, score: Any) -> None:
    (told,) = score()["overlay"]
    assert (told["rule"], told["version"]) == ("insolvency", "2026.1")
    assert told["effect"] == {"cap": "C", "binds": True}
    assert told["records"] == [RECORD]
    assert "2019-05-10" in told["because"]["zh"]
    assert "closed" in told["ends"]["en"]


def test_a_stored_score_is_read_again_as_it_was_given(listed: Any, score: Any, read: Any) -> None:
    made = score()
    listed.records.clear()
    again = read(f"/v1/scores/{made['id']}").json
    assert {name: again[name] for name in ("overlay", "grade", "pd", "model")} == {
        name: made[name] for name in ("overlay", "grade", "pd", "model")
    }


def test_a_rule_that_does_not_bind_is_told_all_the_same(listed: Any, score: Any) -> None:
    listed.change("local:E1", {"sales_active_months": 1.0, "margin": -0.3, "red_letter_rate": 0.9})
    made = score()
    assert made["overlay"][0]["effect"]["binds"] is False
    assert made["grade"] == made["model"]["grade"]


def test_a_disputed_record_caps_until_the_dispute_is_decided_and_both_views_stand(listed: Any, score: Any) -> None:
    """The view without it is the model's own."""
    listed.disputes["local:E1"] = [
        {"dispute": "dsp_1", "state": "open", "item": {"kind": "public-records", "record": "rec_1", "field": None}}
    ]
    made = score()
    assert made["grade"] == "C"
    assert made["undisputed"]["grade"] == made["model"]["grade"]
    assert made["undisputed"]["difference"] == 0


def test_a_batch_says_the_same_as_each_score(listed: Any, score: Any, send: Any, work: Any, read: Any) -> None:
    one = score()
    batch = send("/v1/score-batches", {"enterprises": ["local:E1", "local:E2"]}).json["id"]
    work()
    lines = [orjson.loads(line) for line in read(f"/v1/score-batches/{batch}/results").data.splitlines()]
    first, second = sorted(lines, key=lambda line: str(line["enterprise"]))
    assert first["overlay"] == one["overlay"]
    assert (first["grade"], first["pd"], first["overlay_version"]) == (one["grade"], one["pd"], "2026.1")
    assert (second["overlay"], second["overlay_version"]) == ([], "2026.1")


def test_a_soft_check_gives_the_figures_that_decide(listed: Any, serving: Flask, headers: Any, score: Any) -> None:
    """So a match is made and priced by the capped grade, whichever count a product asks for."""
    order = {"enterprises": ["local:E0", "local:E1", "local:E2"]}
    table = pl.read_parquet(serving.test_client().post("/v1/score-sets", json=order, headers=headers).data)
    none, capped, clean = table.sort("enterprise").rows(named=True)
    one = score()
    assert (capped["score"], capped["grade"], capped["everything_score"]) == (439, "C", 439)
    assert capped["pd"] == capped["everything_pd"] == pytest.approx(one["pd"])
    assert orjson.loads(capped["overlay"])["rules"][0]["rule"] == "insolvency"
    assert (none["score"], none["grade"]) == (None, None)
    assert clean["overlay"] is None
    assert clean["grade"] == scale.grade_of(clean["score"])


def test_the_receipt_states_the_rule_and_is_reproduced(listed: Any, score: Any, read: Any, send: Any) -> None:
    """The rules of the stored version are asked again about the stored records."""
    made = score()
    receipt = read(made["receipt"]).json
    stated = receipt["receipt"]
    assert stated["overlay"] == {
        "version": "2026.1",
        "rules": [{"rule": "insolvency", "cap": "C", "records": ["rec_1"]}],
    }
    assert (stated["grade"], stated["effective_grade"]) == (made["model"]["grade"], "C")
    assert send("/v1/receipt-verifications", receipt).json["valid"]
    stated["effective_grade"] = "A"
    told = send("/v1/receipt-verifications", receipt).json
    assert [each["field"] for each in told["differences"]] == ["effective_grade"]


def test_rules_that_share_records_are_reproduced_too(
    listed: Any, score: Any, decide: Any, read: Any, send: Any
) -> None:
    """One meets the older record alone, the other both."""
    older = {**FREEZE, "id": "rec_3", "tier": "serious", "on": "2019-04-01"}
    listed.records["local:E1"] = [FREEZE, older]
    version = proposed(decide, {**RULE, "key": "serious", "tiers": ["serious"]}, RULE)
    decide(f"/{version}/confirm", who="operator-2")
    receipt = read(score()["receipt"]).json
    assert [each["records"] for each in receipt["receipt"]["overlay"]["rules"]] == [["rec_3"], ["rec_2", "rec_3"]]
    assert send("/v1/receipt-verifications", receipt).json["valid"]


def test_a_way_up_does_not_lead_past_a_rule(listed: Any, score: Any, send: Any) -> None:
    """No figures lift the cap: the rule stands among what blocks, with what ends it."""
    listed.change("local:E1", {"sales_active_months": 12.0})
    made = score()
    answer = send(f"/v1/scores/{made['id']}/recourse", {"target": {"grade": "CC"}}).json
    assert (answer["reachable"], answer["changes"], answer["certified"]) == (False, [], None)
    (rule,) = [each for each in answer["blocked"] if each["rule"] == "insolvency"]
    assert (rule["found"], rule["needed"]) == (439.0, 440.0)
    assert "closed" in rule["why"]["en"]
    assert answer["nearest"] is None or answer["nearest"]["grade"] == "C"


def test_a_proposal_changes_nothing_until_another_client_confirms_it(listed: Any, score: Any, decide: Any) -> None:
    """Four eyes: not the proposer's own."""
    listed.records["local:E1"] = [FREEZE]
    version = proposed(decide, RULE)
    assert score()["overlay"] == []
    own = decide(f"/{version}/confirm")
    assert (own.status_code, own.json["type"]) == (403, "/problems/overlay-confirmed-by-proposer")
    assert score()["overlay"] == []
    other = decide(f"/{version}/confirm", who="operator-2")
    assert (other.status_code, other.json["state"], other.json["confirmed_by"]) == (200, "confirmed", "operator-2")
    made = score()
    assert [each["rule"] for each in made["overlay"]] == ["freeze"]
    assert (made["grade"], made["overlay_version"]) == ("CC", version)


ANNE, BO = {"per": "per_anne"}, {"per": "per_bo"}


@pytest.mark.parametrize(
    ("first", "second", "four"),
    [
        ({}, {"who": "operator-2"}, True),
        ({}, {}, False),
        (ANNE, BO, True),
        (ANNE, {**ANNE, "sid": "ses_2"}, False),
        (ANNE, {**ANNE, "who": "operator-2"}, False),
        (ANNE, {**BO, "who": "operator-2"}, True),
        (ANNE, {}, False),
        ({}, ANNE, False),
        (ANNE, {"who": "operator-2"}, True),
        ({}, {"who": "bank-2", "role": "bank"}, False),
    ],
)
@pytest.mark.usefixtures("serving")
def test_four_eyes_are_two_persons_or_two_clients(
    decide: Any, first: dict[str, Any], second: dict[str, Any], four: bool
) -> None:
    """One person is one, with two sessions or two clients; a key of the same client may be in the same hand."""
    answer = decide("", {"rules": [RULE], "note": "Agreed by the risk committee"}, **first)
    confirmed = decide(f"/{answer.json['version']}/confirm", **second)
    assert (answer.status_code, confirmed.status_code) == (201, 200 if four else 403)
    assert (confirmed.json.get("state") == "confirmed") is four


@pytest.mark.usefixtures("serving")
def test_who_is_no_operator_proposes_no_rules_whatever_its_scopes(decide: Any) -> None:
    """Somebody may have been given the scope; the rules are the installation's all the same."""
    answer = decide("", {"rules": [RULE], "note": "Agreed by the risk committee"}, who="bank-1", role="bank")
    assert answer.status_code == 403


def test_what_a_version_leaves_out_holds_no_more(listed: Any, score: Any, decide: Any) -> None:
    version = proposed(decide)
    decide(f"/{version}/confirm", who="operator-2")
    made = score()
    assert (made["overlay"], made["overlay_version"]) == ([], version)


def test_a_past_moment_is_scored_under_the_rules_of_that_moment(listed: Any, score: Any, decide: Any) -> None:
    before = datetime.now(UTC).isoformat()
    version = proposed(decide)
    decide(f"/{version}/confirm", who="operator-2")
    assert score(known_at=before)["overlay_version"] == "2026.1"
    assert score()["overlay_version"] == version


def test_before_the_first_rules_there_were_none(listed: Any, score: Any) -> None:
    made = score(known_at="2026-03-31T00:00:00Z")
    assert (made["overlay"], made["overlay_version"]) == ([], None)
    assert made["grade"] == made["model"]["grade"]


def test_rules_of_a_later_day_wait_for_it(listed: Any, score: Any, decide: Any, read: Any) -> None:
    day = day_of(datetime.now(UTC)) + timedelta(days=3)
    version = proposed(decide, valid_from=day.isoformat())
    decide(f"/{version}/confirm", who="operator-2")
    assert score()["overlay_version"] == "2026.1"
    then = f"{(day + timedelta(days=1)).isoformat()}T00:00:00Z"
    assert read(f"/v1/overlay-rules?at={then}").json["in_force"]["version"] == version


def test_a_proposal_that_a_later_version_has_passed_is_not_confirmed(
    serving: Flask, score: Any, listed: Any, decide: Any
) -> None:
    """It would be confirmed and never hold."""
    version, later = proposed(decide, RULE), proposed(decide)
    with serving.extensions["database"].begin() as session:
        session.get(OverlayVersion, version).valid_from -= timedelta(days=1)
    decide(f"/{later}/confirm", who="operator-2")
    answer = decide(f"/{version}/confirm", who="operator-2")
    assert (answer.status_code, answer.json["type"], answer.json["state"]) == (
        409,
        "/problems/overlay-decided",
        "passed",
    )
    assert score()["overlay_version"] == later


def test_every_version_is_listed_with_who_decided_it(serving: Flask, decide: Any, read: Any) -> None:
    version = proposed(decide, RULE)
    decide(f"/{version}/withdraw")
    first, shipped = read("/v1/overlay-rules").json["versions"]
    assert (first["version"], first["state"], first["withdrawn_by"]) == (version, "withdrawn", "operator-1")
    assert (shipped["version"], shipped["state"], shipped["proposed_by"]) == ("2026.1", "confirmed", None)
    assert decide(f"/{version}/confirm", who="operator-2").status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"rules": [RULE, RULE]}, 422),
        ({"rules": [{**RULE, "cap": "AAA"}]}, 422),
        ({"rules": [{**RULE, "type": "rumour"}]}, 422),
        ({"rules": [RULE], "valid_from": "2020-01-01"}, 422),
        ({"rules": [RULE], "note": "short"}, 422),
    ],
)
def test_rules_that_make_no_sense_are_refused(serving: Flask, decide: Any, change: dict[str, Any], status: int) -> None:
    assert decide("", {"note": "Agreed by the risk committee", **change}).status_code == status


def test_a_bank_proposes_no_rules_for_all(serving: Flask, send: Any) -> None:
    """The rules are the installation's: the scope is not a bank's."""
    assert send("/v1/overlay-rules", {"rules": [RULE], "note": "Agreed by the risk committee"}).status_code == 403


def test_a_confirmation_is_entered_in_the_ledger(serving: Flask, decide: Any, read: Any) -> None:
    size = read("/v1/score-ledger/checkpoint").text
    version = proposed(decide, RULE)
    decide(f"/{version}/confirm", who="operator-2")
    assert read("/v1/score-ledger/checkpoint").text != size
