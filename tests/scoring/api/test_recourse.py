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


def test_a_plan_is_answered_with_its_path(send: Send, score: dict[str, Any]) -> None:
    """Some points more: what to do in both languages, the score of each month, and no month too many."""
    wanted = score["score"] + 10
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": wanted}}).json

    assert (answer["reachable"], answer["now"]["score"]) == (True, score["score"])
    assert answer["plan"]["sentence"]["zh"]
    assert "2.0 % month upon month" in answer["plan"]["sentence"]["en"]
    assert [each["month"] for each in answer["path"]] == list(range(1, answer["months"] + 1))
    scores = [each["score"] for each in answer["path"]]
    assert answer["certified"]["score"] == scores[-1] >= wanted > max([0, *scores[:-1]])


def test_what_moves_is_told_with_its_points(send: Send, score: dict[str, Any]) -> None:
    """The most first; what stays as it is, is not among it."""
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": score["score"] + 10}}).json

    points = [each["points"] for each in answer["changes"]]
    assert points == sorted(points, reverse=True)
    assert points[0] > 0
    assert all(each["from"] != each["to"] for each in answer["changes"])
    assert {each["feature"] for each in answer["changes"]} <= {"sales_active_months", "margin"}
    assert all(each["sentence"]["zh"] and each["sentence"]["en"] for each in answer["changes"])


def test_what_is_reached_already_needs_no_plan(send: Send, score: dict[str, Any]) -> None:
    """Nothing to do is told as such."""
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": score["score"]}}).json

    assert (answer["reachable"], answer["plan"], answer["months"], answer["path"]) == (True, None, 0, [])


def test_out_of_reach_is_an_answer_with_the_nearest_grade(send: Send, score: dict[str, Any]) -> None:
    """No plan for the moon, and a plan for what is near."""
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": 9_000}})

    assert (answer.status_code, answer.json["reachable"], answer.json["path"]) == (200, False, [])
    assert answer.json["nearest"]["certified"]["grade"] == answer.json["nearest"]["grade"]
    assert answer.json["nearest"]["certified"]["score"] > score["score"]


def test_rules_of_a_product_may_be_the_target(send: Send, score: dict[str, Any]) -> None:
    """A PD and a feature together."""
    rules = [{"feature": "pd", "op": "<=", "value": 0.9}, {"feature": "margin", "op": ">=", "value": -5}]

    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"rules": rules}}).json

    assert (answer["reachable"], answer["changes"], answer["needed"]["pd"]) == (True, [], 0.9)


def test_a_rule_that_no_plan_meets_is_told_with_the_best_within_reach(send: Send, score: dict[str, Any]) -> None:
    """Who is told "no" learns how far the own pace leads."""
    rules = [{"feature": "sales_active_months", "op": ">=", "value": 99}]

    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"rules": rules}}).json

    assert [each["rule"] for each in answer["blocked"]] == ["sales_active_months >= 99"]
    assert "own pace" in answer["blocked"][0]["why"]["en"]


def test_a_short_record_is_told_what_showing_more_could_do(send: Send, score: dict[str, Any]) -> None:
    """Earlier sales, and any purchases: named, not certified."""
    answer = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": 9_000}}).json

    assert [each["en"].partition(":")[0] for each in answer["showing_more"]] == [
        "Known sales begin on 2019-05-02",
        "No purchases are known",
    ]


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
