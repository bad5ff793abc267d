"""A model's page, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from portal_site import StandIn, fixture

from gateway.portal import Answer

SignedIn = Callable[..., FlaskClient]
ORIGIN = {"Origin": "http://localhost"}
PAGE = "/portal/models/mdl_1"


def test_a_model_shows_its_pictures_its_segments_and_who_decided(signed_in: SignedIn) -> None:
    """Curves, what features do, a group below four fifths, small groups together, the decisions, in Chinese."""
    page = signed_in("smc_bank").get(PAGE).text

    for name in ("roc", "ks", "calibration", "stability", "shap-summary", "shap-dependence-3"):
        assert f"{PAGE}/plots/{name}.svg" in page
    assert "&lt; 0.80" in page
    assert "其他（西藏自治区、新疆维吾尔自治区）" in page
    assert "影子运行" in page


def test_a_model_s_drift_is_told_with_its_contributions(signed_in: SignedIn, door: StandIn) -> None:
    """By a link: the last month, the surest shift first, in words and figures; none of a model that scored nobody."""
    assert f'href="{PAGE}?drift=1#drift-title"' in signed_in("smc_bank", "en").get(PAGE).text
    assert door.asked("GET /drift") == []
    page = signed_in("smc_bank", "en").get(f"{PAGE}?drift=1").text

    assert door.asked("GET /drift")[0]["query"] == {"model": "mdl_1"}
    assert "what is earned or lost by Gross margin has shifted" in page
    assert page.index("Gross margin · points") < page.index("The score</th>")
    assert "-7.4" in page

    door.answers["GET /drift"] = Answer(200, {"months": [], "alerts": []})
    empty = signed_in("smc_bank", "en").get(f"{PAGE}?drift=1").text
    assert "The score</th>" not in empty
    assert "no drift to tell" in empty


def test_the_validation_document_is_read_in_the_visitor_s_language_and_runs_nothing(
    signed_in: SignedIn, door: StandIn
) -> None:
    """As the service wrote it, under a policy that loads nothing; the model's page leads to it."""
    door.answers["GET /models/mdl_1/validation"] = Answer(200, file=b"<!doctype html><p>validated", kind="text/html")
    client = signed_in("smc_bank", "en")

    answer = client.get(f"{PAGE}/validation")

    assert f'href="{PAGE}/validation"' in client.get(PAGE).text
    assert (answer.text, answer.mimetype) == ("<!doctype html><p>validated", "text/html")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert door.asked("GET /models/mdl_1/validation")[0]["query"] == {"lang": "en"}


def test_a_picture_is_an_image_that_can_run_nothing(signed_in: SignedIn) -> None:
    """SVG under a policy of its own: no script, no source, sandboxed."""
    answer = signed_in("smc_bank").get(f"{PAGE}/plots/roc.svg")

    assert answer.mimetype == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_the_operator_approves_with_a_note_once_however_often_the_form_is_sent(
    signed_in: SignedIn, door: StandIn
) -> None:
    """The form's nonce is the idempotency key."""
    client = signed_in("smc_operator")
    for _ in range(2):
        answer = client.post(f"{PAGE}/approve", data={"nonce": "n1", "note": "reviewed"}, headers=ORIGIN)

    assert answer.status_code == 303
    asked = door.asked("POST /models/mdl_1/approve")
    said = {"note": "reviewed", "exception": None}
    assert [(call["json"], call["Idempotency-Key"]) for call in asked] == [(said, "n1")] * 2


@pytest.mark.parametrize(
    ("state", "decision", "asked"),
    [
        ("approved", "promote", "POST /models/mdl_1/promote"),
        ("serving", "rollback", "POST /models/mdl_1/rollback"),
        ("candidate", "shadow", "POST /models/mdl_1/shadow"),
        ("shadow", "end-shadow", "DELETE /models/mdl_1/shadow"),
    ],
)
def test_who_trained_a_model_decides_whether_it_serves(
    signed_in: SignedIn, door: StandIn, state: str, decision: str, asked: str
) -> None:
    """The button that its state allows, and what it asks of the service."""
    door.answers["GET /models/mdl_1"] = Answer(200, fixture("model") | {"state": state})
    client = signed_in("smc_bank")

    assert f"{PAGE}/decide/{decision}" in client.get(PAGE).text
    assert client.post(f"{PAGE}/decide/{decision}", data={"nonce": "n1"}, headers=ORIGIN).status_code == 303
    [call] = door.asked(asked)
    assert call["Idempotency-Key"] == "n1"


def test_another_bank_finds_no_such_button(signed_in: SignedIn, door: StandIn) -> None:
    """The model that serves scores for all; whose it is decides."""
    door.answers["GET /models/mdl_1"] = Answer(200, fixture("model") | {"state": "approved", "trained_by": "bank-2"})

    assert "/decide/" not in signed_in("smc_bank").get(PAGE).text
    assert "/decide/promote" in signed_in("smc_operator").get(PAGE).text


def test_a_decision_that_there_is_not_is_not_found(signed_in: SignedIn, door: StandIn) -> None:
    """Nothing is asked of the service."""
    answer = signed_in("smc_operator").post(f"{PAGE}/decide/plots", data={"nonce": "n1"}, headers=ORIGIN)

    assert answer.status_code == 404
    assert not any("plots" in call["route"] for call in door.calls)


def test_a_model_tells_what_its_default_means_and_what_is_not_known_of_its_labels(
    signed_in: SignedIn, door: StandIn
) -> None:
    """Definition, horizon, undated outcomes in words, and what was declared about the level."""
    model = fixture("model")
    labels = {"firms": 83, "dated": 3, "undated": 80}
    meaning = {
        "title": {"zh": "逾期超过 90 天", "en": "More than 90 days past due"},
        "text": {"zh": "本金逾期。", "en": "Principal is overdue."},
        "source": "a rule",
    }
    told = [{"zh": "83 个结果中有 80 个没有日期。", "en": "80 of 83 outcomes bear no date."}]
    model["card"]["definition"] = {
        "code": "past-due-90",
        "default": meaning,
        "horizon_months": 12,
        "performance_window": {"from": "2020-02-21", "to": "2021-02-21"},
        "labels": labels,
        "told": told,
    }
    moved = {"central_tendency": 0.0, "margin_of_conservatism": 0.25, "through_the_cycle_shift": 0.0}
    model["card"]["adjustment"] = {"log_odds": moved, "total_log_odds": 0.25, "points": -14.4}
    door.answers["GET /models/mdl_1"] = Answer(200, model)

    page = signed_in("smc_bank", "en").get(PAGE).text

    for said in ("More than 90 days past due", "80 of 83 outcomes", "Margin of conservatism", "+0.250"):
        assert said in page
    assert "Through-the-cycle" not in page


def failed_gate() -> dict[str, Any]:
    model = fixture("model")
    model["card"]["gate"]["passed"] = False
    model["card"]["gate"]["tests"]["auc"] |= {"advantage": -0.032, "finding": "behind"}
    return dict(model)


def test_a_model_that_failed_its_gate_is_approved_with_a_reason_only(signed_in: SignedIn, door: StandIn) -> None:
    """The figures are there, and the form asks for the reason."""
    door.answers["GET /models/mdl_1"] = Answer(200, failed_gate())
    client = signed_in("smc_operator", "en")

    page = client.get(PAGE).text
    client.post(f"{PAGE}/approve", data={"nonce": "n1", "exception": " a pilot of ten firms "}, headers=ORIGIN)

    assert "It failed its gate" in page
    assert "−0.032" in page
    assert 'name="exception" minlength="10" maxlength="2000" required' in page
    [call] = door.asked("POST /models/mdl_1/approve")
    assert call["json"] == {"note": None, "exception": "a pilot of ten firms"}


def test_a_model_that_serves_by_exception_says_why(signed_in: SignedIn, door: StandIn) -> None:
    """To everybody who may see it, in their language."""
    door.answers["GET /models/mdl_1"] = Answer(200, failed_gate() | {"exception": "a pilot", "state": "serving"})

    assert "例外批准的理由：a pilot" in signed_in("smc_bank").get(PAGE).text


def test_a_score_of_a_model_that_failed_its_gate_says_so(signed_in: SignedIn, door: StandIn) -> None:
    """Beside the number, with the reason why the model serves."""
    scores = fixture("scores")
    scores["items"][0]["model"] |= {"gate": "failed", "exception": "a pilot"}
    door.answers["GET /enterprises/local:E17/scores"] = Answer(200, scores)

    page = signed_in("smc_bank", "en").get("/portal/applicants/local:E17").text

    assert "The model of this score failed its gate." in page
    assert "because: a pilot" in page


def test_a_bank_finds_no_form_to_approve_with(signed_in: SignedIn) -> None:
    """Approving is the operator's."""
    assert "/approve" not in signed_in("smc_bank").get(PAGE).text
    assert "/approve" in signed_in("smc_operator").get(PAGE).text


def test_a_model_under_training_has_a_page_too(signed_in: SignedIn, door: StandIn) -> None:
    """No card, no picture, and a sentence that says so."""
    door.answers["GET /models/mdl_2"] = Answer(200, {"version": "mdl_2", "state": "training", "card": None})
    door.answers["GET /models/mdl_2/plots"] = Answer(200, {"items": []})

    page = signed_in("smc_bank", "en").get("/portal/models/mdl_2")

    assert page.status_code == 200
    assert "Not trained yet." in page.text


def test_an_enterprise_has_no_such_page(signed_in: SignedIn) -> None:
    """A model's figures are for those who answer for it."""
    assert signed_in("smc_firm").get(PAGE).status_code == 403


def test_a_picture_speaks_the_reader_s_language(signed_in: SignedIn, door: StandIn) -> None:
    """A figure of all firms in one is called so: the card's AUC is the mean of folds."""
    picture = fixture("picture")
    path = "/portal/models/mdl_1/plots/roc.svg"
    said = re.findall(r">([^<>]+)</text>", signed_in("smc_bank").get(path).text)
    assert {"误拒的正常企业占比", "找到的违约企业占比", "AUC（全部企业合并）0.736"} <= set(said)
    english = re.findall(r">([^<>]+)</text>", signed_in("smc_bank", "en").get(path).text)
    assert {"false positive rate", "AUC of all firms in one 0.736"} <= set(english)
    named = picture["svg"].replace("true positive rate", "sales_red_rate_36m")
    door.answers["GET /models/mdl_1/plots/roc"] = Answer(200, picture | {"svg": named})
    drawn = signed_in("smc_bank").get(path).text
    assert ">近36个月销项红字张数比</text>" in drawn
    assert 'viewBox="-70 0 401.2 244.8"' in drawn


def test_words_of_a_picture_cannot_bring_markup_into_it(signed_in: SignedIn, door: StandIn) -> None:
    nasty = fixture("picture")["svg"].replace("true positive rate", "a &lt;script&gt; b")
    door.answers["GET /models/mdl_1/plots/roc"] = Answer(200, {"name": "roc", "svg": nasty})
    assert ">a &lt;script&gt; b</text>" in signed_in("smc_bank").get("/portal/models/mdl_1/plots/roc.svg").text
