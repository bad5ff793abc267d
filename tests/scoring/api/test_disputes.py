"""What a firm disputes, beside its scores: the mark in every read, and the score without the disputed records."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import polars as pl
import pytest
from flask import Flask

MARK = {"dispute": "dsp_1", "state": "open", "item": {"kind": "invoices", "record": "rec_1", "field": None}}
BETTER = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}


@pytest.fixture
def post(serving: Flask, headers: dict[str, str]) -> Any:
    def order(key: str | None = None) -> Any:
        sent = {**headers, "Idempotency-Key": key or str(uuid4())}
        return serving.test_client().post("/v1/scores", json={"enterprise": "local:E1"}, headers=sent)

    return order


@pytest.fixture
def disputed(profile: Any) -> Any:
    """Let the firm dispute records that hold its score down."""
    profile.disputes["local:E1"] = [MARK]
    profile.undisputed["local:E1"] = BETTER
    return profile


def test_a_score_comes_with_the_one_without_the_disputed_records(disputed: Any, post: Any) -> None:
    """Both stand beside each other, with their difference; the score itself is what the file says."""
    made = post().json
    assert made["disputes"] == [MARK]
    assert made["undisputed"]["difference"] == made["score"] - made["undisputed"]["score"] < 0
    disputed.disputes.clear()
    disputed.undisputed.clear()
    assert post().json["score"] == made["score"]


def test_the_other_score_is_that_of_the_other_features(disputed: Any, post: Any) -> None:
    """It is given by the same model as any score."""
    made = post().json
    disputed.book = disputed.book.with_columns(**{name: pl.lit(value) for name, value in BETTER.items()})
    disputed.disputes.clear()
    disputed.undisputed.clear()
    assert post().json["score"] == made["undisputed"]["score"]


def test_a_score_of_before_is_marked_when_it_is_read_again(
    profile: Any, post: Any, serving: Flask, headers: dict[str, str]
) -> None:
    """And loses the mark when the dispute ends: a mark is no part of the stored score."""
    made = post().json
    path, client = f"/v1/scores/{made['id']}", serving.test_client()
    profile.disputes["local:E1"], profile.undisputed["local:E1"] = [MARK], BETTER
    marked = client.get(path, headers=headers).json
    assert (marked["disputes"], marked["undisputed"]["difference"] < 0) == ([MARK], True)
    profile.disputes.clear()
    profile.undisputed.clear()
    assert client.get(path, headers=headers).json == made


@pytest.mark.parametrize("taken_out", [False, True])
def test_the_other_score_takes_one_look_and_differs_by_the_dispute_alone(
    disputed: Any, post: Any, serving: Flask, headers: dict[str, str], *, taken_out: bool
) -> None:
    """The look is as known when the score was made; where the file then was another, only the mark is shown."""
    made = post().json
    if taken_out:
        disputed.book = disputed.book.with_columns(features_sha256=pl.lit("e" * 64))
    orders: list[Any] = []
    disputed.fail = lambda request: orders.append(orjson.loads(request.get_data()))
    again = serving.test_client().get(f"/v1/scores/{made['id']}", headers=headers).json
    assert again["disputes"] == [MARK]
    assert again["undisputed"] == (None if taken_out else made["undisputed"])
    assert again["disputed_counts"] == (None if taken_out else True)
    known = [datetime.fromisoformat(each["known_at"]) for each in orders if each["what"] == "features"]
    assert known == [datetime.fromisoformat(made["known_at"])]


def test_a_list_of_scores_is_marked(disputed: Any, post: Any, serving: Flask, headers: dict[str, str]) -> None:
    post()
    page = serving.test_client().get("/v1/enterprises/local:E1/scores", headers=headers).json
    assert [item["disputes"] for item in page["items"]] == [[MARK]]


def test_a_repeated_request_is_marked_as_the_first_was(disputed: Any, post: Any) -> None:
    assert post(key="once").json == post(key="once").json


def test_a_dispute_about_what_no_feature_counts_marks_and_changes_no_score(profile: Any, post: Any) -> None:
    profile.disputes["local:E1"] = [MARK]
    made = post().json
    assert (made["disputes"], made["undisputed"], made["disputed_counts"]) == ([MARK], None, False)


def test_where_nothing_undisputed_is_left_there_is_no_other_score(profile: Any, post: Any) -> None:
    profile.disputes["local:E1"] = [MARK]
    profile.undisputed["local:E1"] = dict.fromkeys(BETTER)
    assert post().json["undisputed"]["score"] is None
