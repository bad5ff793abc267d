"""The way up over HTTP: who may ask, what is answered, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

Send = Callable[..., Any]


@pytest.fixture
def score(serving: Flask, send: Send) -> dict[str, Any]:
    """Return a stored score of a firm that is not at the top."""
    for number in range(1, 40):
        made = send("/v1/scores", {"enterprise": f"local:E{number}"}).json
        if made["score"] < 560:
            return dict(made)
    raise AssertionError("every firm of the book scores high")


def test_a_plan_is_answered_with_what_certifies_it(send: Send, score: dict[str, Any]) -> None:
    """Some points more: changes in both languages, the score of the changed values, what is assumed."""
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": score["score"] + 10}}).json

    assert answer["reachable"]
    assert answer["certified"]["score"] >= score["score"] + 10
    assert all(change["sentence"]["zh"] and change["sentence"]["en"] for change in answer["changes"])
    assert "months times a weight" in answer["assumptions"]["en"]


def test_out_of_reach_is_an_answer_with_the_nearest_grade(send: Send, score: dict[str, Any]) -> None:
    """No plan for the moon, and a plan for what is near."""
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": 9_000}})

    assert (answer.status_code, answer.json["reachable"]) == (200, False)
    assert answer.json["nearest"]["certified"]["grade"] == answer.json["nearest"]["grade"]


def test_rules_of_a_product_may_be_the_target(send: Send, score: dict[str, Any]) -> None:
    """A PD and a feature together."""
    rules = [{"feature": "pd", "op": "<=", "value": 0.9}, {"feature": "margin", "op": ">=", "value": -5}]

    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"rules": rules}}).json

    assert (answer["reachable"], answer["changes"], answer["needed"]["pd"]) == (True, [], 0.9)


def test_a_rule_on_what_the_model_does_not_look_at_is_refused(send: Send, score: dict[str, Any]) -> None:
    """Nothing can be certified about it."""
    rules = [{"feature": "moon", "op": ">=", "value": 1}]

    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"rules": rules}})

    assert (answer.status_code, answer.json["unknown"]) == (422, ["moon"])


@pytest.mark.parametrize("target", [{}, {"grade": "ZZ"}, {"rules": []}, {"points": 3}])
def test_a_target_that_names_nothing_known_is_refused(send: Send, score: dict[str, Any], target: Any) -> None:
    """Before anything is searched."""
    assert send(f"/v1/scores/{score['id']}/recourse", {"target": target}).status_code == 422


def test_the_enterprise_itself_may_ask(serving: Flask, score: dict[str, Any], tokens: Any) -> None:
    """It is the one who can act on it."""
    own = tokens(role="enterprise", client="firm", scopes="scores:read", enterprise=score["enterprise"])

    answer = serving.test_client().post(
        f"/v1/scores/{score['id']}/recourse", json={"target": {"grade": "A"}}, headers=own
    )

    assert answer.status_code == 200


def test_nobody_else_may(serving: Flask, score: dict[str, Any], tokens: Any) -> None:
    """Another bank does not learn that the score exists."""
    other = tokens(client="bank-2", scopes="scores:read")

    answer = serving.test_client().post(
        f"/v1/scores/{score['id']}/recourse", json={"target": {"grade": "A"}}, headers=other
    )

    assert answer.json["type"] == "/problems/score-not-found"


def test_the_plan_ends_with_the_consent(send: Send, score: dict[str, Any], profile: Any) -> None:
    """What is derived from a score is closed when the score is."""
    profile.withheld = {score["enterprise"]}

    assert send(f"/v1/scores/{score['id']}/recourse", {"target": {"grade": "A"}}).status_code == 403
