"""A score ordered again on the same facts is named a repeat, whether it was ordered alone or in a batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import polars as pl
import pytest
from flask import Flask
from sqlalchemy import update

from services.scoring.tables import Batch, BatchPart, Score

Send = Callable[..., Any]
Read = Callable[[str], Any]
FIRM = "local:E1"


@pytest.fixture
def alone(serving: Flask, send: Send) -> Callable[..., dict[str, Any]]:
    """Return a function that orders a score of its own."""
    return lambda firm=FIRM: send("/v1/scores", {"enterprise": firm}).json


@pytest.fixture
def batch(serving: Flask, send: Send, read: Read, work: Callable[[], None]) -> Callable[..., dict[str, Any]]:
    """Return a function that orders a batch, and gives its lines by enterprise."""

    def order(*firms: str) -> dict[str, Any]:
        made = send("/v1/score-batches", {"enterprises": list(firms or (FIRM, "local:E2"))}).json
        work()
        lines = map(orjson.loads, read(f"/v1/score-batches/{made['id']}/results").data.splitlines())
        return {line["enterprise"]: line for line in lines}

    return order


def test_a_single_score_after_a_batch_names_the_batchs(alone: Any, batch: Any, read: Read) -> None:
    """When it is made, read again and listed; of a firm that was in no batch it is none."""
    first = batch()[FIRM]
    second, third = alone(), alone()
    assert [each["repeat_of"] for each in (first, second, third)] == [None, first["id"], first["id"]]
    assert read(f"/v1/scores/{second['id']}").json["repeat_of"] == first["id"]
    listed = {each["id"]: each["repeat_of"] for each in read(f"/v1/enterprises/{FIRM}/scores").json["items"]}
    assert listed == {first["id"]: None, second["id"]: first["id"], third["id"]: first["id"]}
    assert alone("local:E3")["repeat_of"] is None


def test_a_batch_after_a_single_score_names_it_in_its_line(alone: Any, batch: Any, read: Read) -> None:
    """And in no other; a later batch of some of its firms names what came first of each."""
    first = alone()
    lines = batch()
    later = batch(FIRM, "local:E2", "local:E3")
    assert (lines[FIRM]["repeat_of"], lines["local:E2"]["repeat_of"]) == (first["id"], None)
    assert later[FIRM]["repeat_of"] == first["id"]
    assert later["local:E2"]["repeat_of"] == lines["local:E2"]["id"]
    assert later["local:E3"]["repeat_of"] is None
    assert read(f"/v1/scores/{lines[FIRM]['id']}").json["repeat_of"] == first["id"]
    assert read(f"/v1/scores/{later['local:E2']['id']}").json["repeat_of"] == lines["local:E2"]["id"]


def test_other_facts_are_no_repeat_either_way(alone: Any, batch: Any, profile: Any) -> None:
    before, made = batch()[FIRM], alone()
    assert made["repeat_of"] == before["id"]
    changed = pl.when(pl.col("enterprise") == FIRM).then(pl.lit("e" * 64)).otherwise("features_sha256")
    profile.book = profile.book.with_columns(changed.alias("features_sha256"))
    assert alone()["repeat_of"] is None
    assert batch()["local:E2"]["repeat_of"] is not None


def test_after_a_month_it_is_a_question_of_its_own(serving: Flask, alone: Any, batch: Any) -> None:
    batch()
    alone()
    long_ago = datetime.now(UTC) - timedelta(days=31)
    with serving.extensions["database"].begin() as session:
        for table in (Score, Batch, BatchPart):
            session.execute(update(table).values(created_at=long_ago))
    assert alone()["repeat_of"] is None
    assert batch("local:E2")["local:E2"]["repeat_of"] is None


def test_another_clients_batch_is_none(serving: Flask, batch: Any, tokens: Any) -> None:
    batch()
    other = {**tokens(client="bank-2", scopes="scores:write"), "Purpose": "credit-assessment", "Idempotency-Key": "k"}
    made = serving.test_client().post("/v1/scores", json={"enterprise": FIRM}, headers=other)
    assert made.json["repeat_of"] is None
