"""The drift report over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from flask import Flask

from chassis.core.moments import today
from services.scoring.store import models

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]
MONTH = f"{today():%Y-%m}"


@pytest.fixture
def scored(serving: Flask, send: Send, work: Work) -> None:
    """Score the whole book."""
    send("/v1/score-batches", {"enterprises": None})
    work()


def test_the_training_firms_themselves_have_not_drifted(read: Read, scored: None) -> None:
    """Scoring the book that trained the model: one month, every subject stable, nothing alarming."""
    report = read("/v1/drift").json

    [month] = report["months"]
    assert (report["model"], month["month"], month["firms"]) == ("mdl_test", MONTH, 80)
    assert {each["subject"] for each in month["subjects"]} >= {"score", "margin"}
    assert {each["state"] for each in month["subjects"] if each["subject"] != "score"} == {"stable"}
    assert report["alerts"] == []


def test_a_book_that_has_changed_is_an_alarm_in_words(
    serving: Flask, send: Send, work: Work, read: Read, profile: Any
) -> None:
    """Margins that fell by half of everybody are named, in both languages."""
    profile.book = profile.book.with_columns(margin=pl.col("margin") - 0.3)
    send("/v1/score-batches", {"enterprises": None})
    work()

    alerts = read("/v1/drift").json["alerts"]

    said = next(alert["sentence"] for alert in alerts if (alert["of"], alert["subject"]) == ("values", "margin"))
    assert said["zh"].startswith("毛利的分布已偏移")
    assert "margin has shifted" in said["en"]


def test_the_points_of_features_are_watched_too_and_tell_what_they_move(
    serving: Flask, send: Send, work: Work, read: Read, profile: Any
) -> None:
    """Margins fell: what they earn has shifted, and by how many points the mean score moved adds up over features."""
    send("/v1/score-batches", {"enterprises": None})
    work()
    before = read("/v1/drift").json["months"][0]["subjects"]
    profile.book = profile.book.with_columns(margin=pl.col("margin") - 0.3)
    send("/v1/score-batches", {"enterprises": None})
    work()

    report = read("/v1/drift").json
    points = {each["subject"]: each for each in report["months"][0]["subjects"] if each["of"] == "points"}

    assert all(each["moved"] == pytest.approx(0, abs=1e-6) for each in before if each["of"] == "points")
    assert all(each["moved"] is None for each in before if each["of"] != "points")
    assert points["margin"]["state"] == "alarm"
    assert points["margin"]["moved"] == min(each["moved"] for each in points.values()) < -1
    said = next(alert["sentence"] for alert in report["alerts"] if alert["of"] == "points")
    assert "加减分" in said["zh"]
    assert said["en"].startswith("what is earned or lost by")


def test_outcomes_are_held_to_the_pds(send: Send, read: Read, scored: None) -> None:
    """Every firm defaults: each grade's test says so, and so does an alert."""
    for number in range(1, 31):
        outcome = {"enterprise": f"local:E{number}", "defaulted": True, "observed_on": "2020-08-01"}
        send("/v1/outcomes", outcome)

    report = read("/v1/drift").json

    assert report["back_test"]["firms"] == 30
    assert sum(grade["defaults"] for grade in report["back_test"]["grades"]) == 30
    assert any(alert["kind"] == "back-test" for alert in report["alerts"])
    assert report["vintages"]["quarters"][0]["defaulted_within"]["6"] == 1.0


def test_a_back_test_leaves_out_the_firms_that_trained_the_model(
    serving: Flask, send: Send, read: Read, scored: None
) -> None:
    """A model knows them by heart; they are counted and not compared."""
    with serving.extensions["database"].begin() as session:
        taught = models.heads(f"local:E{number}" for number in range(1, 21))
        models.model(session, "mdl_test").trained_on = taught.tobytes()
    for number in range(1, 31):
        send("/v1/outcomes", {"enterprise": f"local:E{number}", "defaulted": True, "observed_on": "2020-08-01"})

    test = read("/v1/drift").json["back_test"]

    assert (test["firms"], test["training_firms"]) == (10, 20)
    assert sum(grade["firms"] for grade in test["grades"]) == 10


def test_a_back_test_looks_at_the_horizon_alone(send: Send, read: Read, scored: None) -> None:
    """A default after it is none, who pays before its end has not paid yet; a year where the model declares nothing."""
    days = {0: (True, "2020-08-01"), 1: (True, "2021-08-01"), 2: (False, "2021-08-01"), 3: (False, "2020-08-01")}
    for number in range(1, 17):
        defaulted, day = days[number % 4]
        send("/v1/outcomes", {"enterprise": f"local:E{number}", "defaulted": defaulted, "observed_on": day})

    test = read("/v1/drift").json["back_test"]

    assert (test["horizon_months"], test["horizon_assumed"], test["training_firms"]) == (12, True, None)
    assert (test["firms"], sum(grade["defaults"] for grade in test["grades"])) == (12, 4)
    assert all(grade["firms"] >= 10 for grade in test["grades"])
    assert test["left_out"] == {"too-early": 4}


def test_a_month_of_fewer_than_ten_firms_is_counted_and_tells_no_figure(serving: Flask, send: Send, read: Read) -> None:
    """What a feature moves the mean of one firm by would be that firm's contribution, to the last digit."""
    send("/v1/scores", {"enterprise": "local:E1"})

    [month] = read("/v1/drift").json["months"]

    assert (month["firms"], month["subjects"]) == (1, [])


def test_a_bank_sees_its_own_scores_only_and_the_operator_all(serving: Flask, scored: None, tokens: Any) -> None:
    """Sums, but of whose book."""
    client = serving.test_client()

    other = client.get("/v1/drift", headers=tokens(client="bank-2", scopes="models:read")).json
    operator = client.get("/v1/drift", headers=tokens(role="operator", client="op", scopes="models:read")).json

    assert (other["scores"], other["months"]) == (0, [])
    assert operator["scores"] == 80


def test_the_override_rate_is_told(send: Send, read: Read, serving: Flask) -> None:
    """One score of two was overridden."""
    ids = [send("/v1/scores", {"enterprise": f"local:E{number}"}).json for number in (1, 2)]
    grade = "AA" if ids[0]["grade"] != "AA" else "A"
    order = {"grade": grade, "reason": "collateral", "note": "a guarantee of the parent firm"}
    made = send(f"/v1/scores/{ids[0]['id']}/override", order)
    assert made.status_code < 300, made.json

    overrides = read("/v1/drift").json["overrides"]

    assert (overrides["scores"], overrides["overridden"], overrides["rate"]) == (2, 1, 0.5)


def test_a_model_that_is_not_there_is_not_found(read: Read, serving: Flask) -> None:
    """Asking for another version."""
    assert read("/v1/drift?model=mdl_none").status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        "drift?since=0001-01-01",
        "drift?until=9999-12-31",
        "overlay-rules?at=9999-12-31T23:59:59-23:59",
        "overlay-rules?at=0001-01-01T00:00:00%2B23:59",
    ],
)
def test_a_day_at_the_end_of_the_calendar_is_refused(read: Any, serving: Flask, asked: str) -> None:
    """There is no day before it, or after it, to reckon with."""
    assert read(f"/v1/{asked}").status_code == 422
