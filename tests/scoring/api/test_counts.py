"""What only a firm itself states, beside its scores: never for it in the score that decides, always told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from flask import Flask

from chassis.core.settings import SettingsError
from services.scoring.domain.counting import Counts
from services.scoring.settings import Settings

# What the firm says of itself, and what of it others say too.
SAID = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}
HELD = {"sales_active_months": 8.0, "margin": 0.05, "red_letter_rate": 0.2}
NEW = {"counts", "with_everything", "with_confirmed", "evidence", "counted"}
OF_ITSELF = {"id", "receipt", "created_at", "repeat_of"}


@pytest.fixture
def post(serving: Flask, send: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **said: send("/v1/scores", {"enterprise": "local:E1", **said})


@pytest.fixture
def inflated(profile: Any) -> Any:
    """Let a firm say of itself, alone, what would lift its score."""
    profile.change("local:E1", SAID)
    profile.state_alone("local:E1", HELD)
    return profile


def of_old(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in answer.items() if name not in NEW | OF_ITSELF}


def test_inventing_sales_does_not_raise_the_score_that_decides(profile: Any, post: Callable[..., Any]) -> None:
    """It is what it was before the firm said anything, and the other one is told beside it, with the reason."""
    profile.change("local:E1", HELD)
    before = post().json
    profile.change("local:E1", SAID)
    profile.state_alone("local:E1", HELD)

    after = post().json

    assert (after["score"], after["grade"], after["pd"]) == (before["score"], before["grade"], before["pd"])
    assert after["contributions"] == before["contributions"]
    assert after["with_everything"]["score"] > after["score"] == after["with_confirmed"]["score"]
    assert "CNY 8.00 million of CNY 10.00 million" in after["counted"]["en"]
    assert after["evidence"]["shares"] == {"subject": 0.8, "government": 0.2}


def test_an_expert_rule_caps_both_scores(inflated: Any, post: Callable[..., Any]) -> None:
    """Neither view promises a grade that the rule does not leave."""
    free = post().json
    record = {"id": "rec_1", "type": "insolvency", "tier": None, "grade": None, "on": "2019-05-10", "until": None}
    inflated.records["local:E1"] = [record]
    made = post().json
    (rule,) = made["overlay"]
    assert free["with_everything"]["grade"] != made["with_everything"]["grade"] == rule["effect"]["cap"]
    for name in ("grade", "pd", "pd_interval", "score", "features_sha256"):
        assert made["with_confirmed"][name] == made[name]


@pytest.mark.usefixtures("inflated")
def test_a_bank_may_count_everything_and_is_told_what_it_did(post: Callable[..., Any]) -> None:
    cautious, trusting = post().json, post(counts="everything").json
    assert (trusting["counts"], trusting["score"]) == ("everything", cautious["with_everything"]["score"])
    assert trusting["with_confirmed"]["score"] == cautious["score"]
    assert "was counted" in trusting["counted"]["en"]


def test_with_nothing_unconfirmed_an_answer_says_what_it_said(profile: Any, post: Callable[..., Any]) -> None:
    """The members of before are the same, and of the new ones only the evidence is there."""
    before = post().json
    profile.state_alone("local:E1", HELD)
    del profile.confirmed["local:E1"]
    after = post().json
    assert of_old(after) == of_old(before)
    assert (after["with_everything"], after["with_confirmed"], after["counted"]) == (None, None, None)
    assert (before["evidence"], after["evidence"]["confirmed_share"]) == (None, 0.2)


def test_the_lower_score_decides_where_the_firms_word_speaks_against_it(profile: Any, post: Callable[..., Any]) -> None:
    """What it admits may lower the score; leaving it out would raise it."""
    profile.change("local:E1", HELD)
    profile.state_alone("local:E1", SAID)
    made = post().json
    assert made["score"] == made["with_everything"]["score"] < made["with_confirmed"]["score"]
    assert "the lower decides" in made["counted"]["en"]


def test_a_firm_of_which_nothing_is_confirmed_is_not_scored(profile: Any, post: Callable[..., Any]) -> None:
    """The refusal says what to hand in; who counts everything gets a score that says so."""
    profile.state_alone("local:E1", dict.fromkeys(HELD))
    refused = post()
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/nothing-confirmed")
    assert "bank statement" in refused.json["detail"]
    assert "银行流水" in refused.json["detail"]
    made = post(counts="everything").json
    assert made["with_confirmed"]["score"] is None
    assert "nothing is left to score" in made["counted"]["en"]


def test_a_refusal_of_one_stops_no_other_of_its_turn(profile: Any, serving: Flask, send: Callable[..., Any]) -> None:
    profile.state_alone("local:E1", dict.fromkeys(HELD))
    assert send("/v1/scores", {"enterprise": "local:E1"}).status_code == 422
    assert send("/v1/scores", {"enterprise": "local:E2"}).status_code == 201


@pytest.mark.usefixtures("inflated")
@pytest.mark.parametrize("counts", Counts)
def test_a_score_reads_again_as_it_was_given(post: Callable[..., Any], read: Any, counts: Counts) -> None:
    made = post(counts=counts).json
    assert read(f"/v1/scores/{made['id']}").json == made
    assert read("/v1/enterprises/local:E1/scores").json["items"] == [made]


@pytest.mark.usefixtures("inflated")
@pytest.mark.parametrize("counts", Counts)
def test_a_receipt_states_both_scores_and_proves_them(
    post: Callable[..., Any], read: Any, send: Callable[..., Any], counts: Counts
) -> None:
    """And what is changed in either is noticed."""
    made = post(counts=counts).json
    receipt = read(made["receipt"]).json
    beside = f"with_{Counts(counts).other}"
    assert receipt["receipt"]["counts"] == counts
    assert receipt["receipt"][beside]["score"] == made[beside]["score"]
    assert send("/v1/receipt-verifications", receipt).json["valid"]
    receipt["receipt"][beside]["score"] += 1
    told = send("/v1/receipt-verifications", receipt).json
    assert (told["valid"], [each["field"] for each in told["differences"]]) == (False, [beside])


@pytest.mark.usefixtures("inflated")
def test_the_way_up_begins_at_the_score_that_decides(post: Callable[..., Any], send: Callable[..., Any]) -> None:
    made = post().json
    target = {"rules": [{"feature": "sales_active_months", "op": ">=", "value": 37.0}]}
    answer = send(f"/v1/scores/{made['id']}/recourse", {"target": target}).json
    assert [each["found"] for each in answer["blocked"]] == [HELD["sales_active_months"]]
    assert "the firm alone states raise no score" in answer["assumptions"]["en"]


def test_the_undisputed_score_counts_by_the_same_policy(inflated: Any, post: Callable[..., Any]) -> None:
    """What a dispute leaves out it leaves out of both; what is not confirmed lifts neither."""
    less = {"depth": "B", "values": HELD, "features_sha256": "d" * 64}
    inflated.disputes["local:E1"] = [{"dispute": "dsp_1", "state": "open"}]
    inflated.undisputed["local:E1"] = SAID
    inflated.undisputed_confirmed["local:E1"] = less
    cautious, trusting = post().json, post(counts="everything").json
    assert cautious["undisputed"]["score"] == cautious["score"]
    assert trusting["undisputed"]["score"] == trusting["score"] > cautious["score"]


def test_a_dispute_that_came_later_is_shown_beside_a_score_of_what_is_confirmed(
    inflated: Any, post: Callable[..., Any], read: Any
) -> None:
    """The file is known again by the hash of all that it says, whichever of its two scores decides."""
    made = post().json
    inflated.disputes["local:E1"] = [{"dispute": "dsp_1", "state": "open"}]
    inflated.undisputed["local:E1"] = SAID
    assert read(f"/v1/scores/{made['id']}").json["undisputed"]["score"] == made["with_everything"]["score"]


@pytest.fixture
def own(serving: Flask, tokens: Any) -> Callable[[str], Any]:
    """Return a function that reads as the firm itself."""
    itself = tokens(role="enterprise", client="firm", enterprise="local:E1", scopes="scores:read")
    return lambda path: serving.test_client().get(path, headers=itself).json


@pytest.mark.usefixtures("inflated")
def test_a_firm_reads_both_scores_and_nothing_of_what_others_confirm(
    post: Callable[..., Any], read: Any, own: Callable[[str], Any]
) -> None:
    """Neither alone nor in the list; all else is what the bank reads."""
    made = post().json
    alone, (listed,) = own(f"/v1/scores/{made['id']}"), own("/v1/enterprises/local:E1/scores")["items"]
    assert alone == listed
    assert alone["evidence"] is None
    assert "CNY" not in alone["counted"]["en"]
    assert "by your own file alone" in alone["own_view"]["en"]
    assert made["own_view"] is None
    hidden = {"evidence", "counted", "own_view"}
    assert {name: alone[name] for name in alone if name not in hidden} == {
        name: made[name] for name in made if name not in hidden
    }


def test_a_firm_whose_word_others_confirm_is_shown_the_mark_alone(
    inflated: Any, post: Callable[..., Any], own: Callable[[str], Any]
) -> None:
    """It is told less of its file than what decided, so that no difference would come from the dispute alone."""
    made = post().json
    inflated.disputes["local:E1"] = [{"dispute": "dsp_1", "state": "open"}]
    inflated.undisputed["local:E1"] = SAID
    assert own(f"/v1/scores/{made['id']}")["undisputed"] is not None
    del inflated.confirmed["local:E1"]
    again = own(f"/v1/scores/{made['id']}")
    assert (again["disputes"], again["undisputed"]) == (inflated.disputes["local:E1"], None)


def test_a_soft_check_tells_both_scores(
    inflated: Any, serving: Flask, post: Callable[..., Any], headers: dict[str, str]
) -> None:
    """Without a score that decides where nothing is confirmed."""
    made = post().json
    inflated.state_alone("local:E2", dict.fromkeys(HELD))
    order = {"enterprises": ["local:E1", "local:E2", "local:E3"], "features": True}
    answer = serving.test_client().post("/v1/score-sets", json=order, headers=headers)
    one, nothing, plain = pl.read_parquet(answer.data).sort("enterprise").to_dicts()
    assert (one["score"], one["everything_score"]) == (made["score"], made["with_everything"]["score"])
    assert (nothing["score"], nothing["pd"], nothing["everything_score"] is None) == (None, None, False)
    assert (plain["score"], plain["confirmed"]) == (plain["everything_score"], None)


@pytest.mark.parametrize("written", ["everything", None, "nobody"])
def test_the_installations_default_is_a_setting(monkeypatch: pytest.MonkeyPatch, written: str | None) -> None:
    if written:
        monkeypatch.setenv("SCORING_COUNTS", written)
    if written == "nobody":
        with pytest.raises(SettingsError, match="SCORING_COUNTS"):
            Settings.from_environment()
        return
    assert Settings.from_environment().counts is (Counts.EVERYTHING if written else Counts.CONFIRMED)


@pytest.mark.usefixtures("serving")
def test_another_count_is_refused(post: Callable[..., Any]) -> None:
    assert post(counts="half").status_code == 422
