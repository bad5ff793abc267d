"""Promotion and outcomes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from services.scoring.store import outcomes

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]


def test_one_model_serves_at_a_time(send: Send, read: Read, serving: Flask, add_model: Any) -> None:
    """Promotion retires the model that served."""
    add_model("mdl_newer", "approved")
    send("/v1/models/mdl_newer/promote", {})

    states = {item["version"]: item["state"] for item in read("/v1/models").json["items"]}

    assert states == {"mdl_newer": "serving", "mdl_test": "retired"}


def test_a_promotion_binds_the_next_score(send: Send, serving: Flask, home: Any, trained: Any) -> None:
    """A model loaded before is not kept serving."""
    send("/v1/scores", {"enterprise": "local:E1"})
    shutil.rmtree(home / "models" / "mdl_test")

    answer = send("/v1/scores", {"enterprise": "local:E1"})

    assert answer.status_code == 201


def test_a_model_in_training_cannot_be_promoted(send: Send) -> None:
    """Only what is trained may serve."""
    version = send("/v1/models", {}).json["version"]

    answer = send(f"/v1/models/{version}/promote", {})

    assert (answer.status_code, answer.json["state"]) == (409, "training")


def test_an_unknown_model_is_not_found(read: Read) -> None:
    """A version that never was is a 404."""
    assert read("/v1/models/mdl_none").json["type"] == "/problems/model-not-found"


def test_the_latest_observation_of_a_borrower_counts(app: Flask, send: Send) -> None:
    """A loan that went bad later is bad."""
    for day, defaulted in (("2020-05-01", True), ("2019-05-01", False)):
        send("/v1/outcomes", {"enterprise": "E1", "defaulted": defaulted, "observed_on": day})

    with app.extensions["database"].read() as session:
        assert outcomes.by_enterprise(session, "bank-1", None) == {"local:E1": True}


def test_another_banks_outcomes_do_not_train_mine(app: Flask, send: Send) -> None:
    """What a bank saw is its own."""
    send("/v1/outcomes", {"enterprise": "E1", "defaulted": True, "observed_on": "2020-05-01"})

    with app.extensions["database"].read() as session:
        assert outcomes.by_enterprise(session, "bank-2", None) == {}


def test_an_outcome_tells_its_definition_and_its_window(send: Send) -> None:
    """What is reported is answered; what is left out is null."""
    window = {"definition": "past-due-90", "window_from": "2019-05-01", "horizon_months": 12}
    outcome = {"enterprise": "E1", "defaulted": False, "observed_on": "2020-05-01"}

    full, plain = (send("/v1/outcomes", outcome | more).json for more in (window, {}))

    assert {name: full[name] for name in window} == window
    assert {name: plain[name] for name in window} == dict.fromkeys(window)


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"window_from": "2019-06-01", "horizon_months": 12}, "The window ends on 2020-06-01"),
        ({"window_from": "2020-06-01"}, "before the window"),
        ({"horizon_months": 12}, "without window_from"),
    ],
)
def test_an_outcome_that_does_not_fit_its_window_is_refused(send: Send, window: dict[str, Any], said: str) -> None:
    """Nobody can say in eleven months that a firm paid for twelve."""
    answer = send("/v1/outcomes", {"enterprise": "E1", "defaulted": False, "observed_on": "2020-05-01", **window})

    assert answer.status_code == 422
    assert said in answer.json["detail"]


def test_an_outcome_in_the_future_is_refused(send: Send) -> None:
    """Nobody has seen tomorrow."""
    assert send("/v1/outcomes", {"enterprise": "E1", "defaulted": True, "observed_on": "2999-01-01"}).status_code == 422
