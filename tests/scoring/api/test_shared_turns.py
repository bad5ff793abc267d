"""Scores that are asked for at the same time share a turn, and nobody can tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from services.scoring.tables import Score


@pytest.fixture
def scoring_url(database_url: str) -> str:
    """Return a database of each kind: who waits for whom differs."""
    return database_url


@pytest.fixture
def together(serving: Flask, headers: dict[str, str]) -> Callable[[list[tuple[str, str]]], list[Any]]:
    """Return a function that sends orders (enterprise, key) so that all but a first one share a turn."""
    turns = serving.extensions["turns"]
    turns._free = 1  # one place, so that all but the first gather

    def one(enterprise: str, key: str) -> Any:
        sent = {**headers, "Idempotency-Key": key}
        return serving.test_client().post("/v1/scores", json={"enterprise": enterprise}, headers=sent)

    def send(orders: list[tuple[str, str]]) -> list[Any]:
        begun, go_on, work = threading.Event(), threading.Event(), turns._work

        def held(items: Any) -> Any:
            begun.set()
            go_on.wait(20)
            return work(items)

        turns._work = held
        with ThreadPoolExecutor(len(orders) + 1) as pool:
            first = pool.submit(one, "local:E2", str(uuid4()))
            begun.wait(20)
            rest = [pool.submit(one, *order) for order in orders]
            while len(turns._waiting) < len(orders):
                time.sleep(0.001)
            go_on.set()
            turns._work = work
            assert first.result().status_code == 201
            return [each.result() for each in rest]

    return send


def stored(app: Flask) -> int:
    with app.extensions["database"].read() as session:
        return session.scalar(select(func.count()).select_from(Score)) or 0


def test_each_gets_the_score_of_its_own_enterprise(together: Any, serving: Flask, profile: Any) -> None:
    """Eight orders, one question to the profile service, eight stored scores that add up."""
    answers = [each.json for each in together([(f"local:E{i}", str(uuid4())) for i in range(3, 11)])]
    assert [answer["enterprise"] for answer in answers] == [f"local:E{i}" for i in range(3, 11)]
    for answer in answers:
        total = answer["base_points"] + sum(line["points"] for line in answer["contributions"])
        assert abs(total - answer["score"]) <= 0.5
    assert stored(serving) == 9
    assert [path for path, _ in profile.seen] == ["/v1/feature-reads"] * 2


def test_a_key_twice_in_one_turn_makes_one_score(together: Any, serving: Flask) -> None:
    """The second is a replay of the first."""
    key = str(uuid4())
    first, second = together([("local:E3", key), ("local:E3", key)])
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json["id"] == second.json["id"]
    assert "Idempotency-Replayed" in {**first.headers, **second.headers}
    assert stored(serving) == 2


def test_a_key_for_two_enterprises_in_one_turn_is_refused_once(together: Any, serving: Flask) -> None:
    """One of them has it, the other is told."""
    key = str(uuid4())
    statuses = sorted(each.status_code for each in together([("local:E3", key), ("local:E4", key)]))
    assert statuses == [201, 422]
    assert stored(serving) == 2


def test_a_refusal_of_one_leaves_the_others(together: Any, serving: Flask) -> None:
    """A firm without data and one that is not known stand in the same turn as one that is scored."""
    thin, unknown, good = together([(f"local:{code}", str(uuid4())) for code in ("E0", "nobody", "E5")])
    assert thin.json["type"] == "/problems/not-enough-data"
    assert unknown.json["type"] == "/problems/enterprise-not-found"
    assert good.status_code == 201
    assert stored(serving) == 2


def test_ten_clients_racing_on_one_key_make_one_score_and_nine_replays(together: Any, serving: Flask) -> None:
    """In one turn or in several, whoever is first."""
    key = str(uuid4())
    answers = together([("local:E3", key)] * 10)
    assert {(answer.status_code, answer.json["id"]) for answer in answers} == {(201, answers[0].json["id"])}
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers].count("true") == 9
    assert stored(serving) == 2
