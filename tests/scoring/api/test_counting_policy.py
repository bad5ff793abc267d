"""What counts for a bank where its orders do not say: its own to set, between the order and the installation."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import orjson
import polars as pl
import pytest
from flask import Flask

from chassis.data.database import Database
from chassis.data.ledger import store
from services.scoring.domain.counting import Counts
from services.scoring.store import counting

SAID = {"sales_active_months": 36.0, "margin": 0.4, "red_letter_rate": 0.0}
HELD = {"sales_active_months": 8.0, "margin": 0.05, "red_letter_rate": 0.2}
POLICY = "/v1/counting-policy"


@pytest.fixture
def policy(app: Flask, tokens: Any) -> Callable[..., Any]:
    """Return a function that sets what counts for a bank, and tells what holds then."""

    def put(counts: str | None, client: str = "bank-1", **headers: str) -> Any:
        sent = {**tokens(client=client, scopes="scores:write scores:soft"), **headers}
        return app.test_client().put(POLICY, json={"counts": counts, "note": "By our policy"}, headers=sent)

    return put


@pytest.fixture
def inflated(profile: Any, serving: Flask) -> Any:
    """Let a firm say of itself, alone, what would lift its score."""
    profile.change("local:E1", SAID)
    profile.state_alone("local:E1", HELD)
    return profile


@pytest.fixture
def counted(app: Flask, tokens: Any, inflated: Any) -> Callable[..., Any]:
    """Return a function that tells what counted in a score of a client."""

    def score(client: str = "bank-1", **order: Any) -> str:
        headers = {**tokens(client=client, scopes="scores:write"), "Idempotency-Key": str(uuid4())}
        headers["Purpose"] = "credit-assessment"
        answer = app.test_client().post("/v1/scores", json={"enterprise": "local:E1", **order}, headers=headers)
        assert answer.status_code == 201, answer.json
        return str(answer.json["counts"])

    return score


def test_the_order_says_it_else_the_bank_else_the_installation(policy: Any, counted: Any) -> None:
    """And what one bank sets is no other's."""
    assert counted() == "confirmed"
    assert policy("everything").json["counts"] == "everything"
    assert (counted(), counted(counts="confirmed"), counted("bank-2")) == ("everything", "confirmed", "confirmed")
    assert policy(None).json == {**policy(None).json, "counts": "confirmed", "own": None, "version": 2}
    assert counted() == "confirmed"


def test_batches_and_soft_checks_follow_it(
    policy: Any, inflated: Any, app: Flask, tokens: Any, work: Callable[[], None]
) -> None:
    """A batch keeps what counted when it was ordered."""
    policy("everything")
    headers = {**tokens(client="bank-1", scopes="scores:write scores:read scores:soft"), "Purpose": "credit-assessment"}
    http, order = app.test_client(), {"enterprises": ["local:E1"]}
    batch = http.post("/v1/score-batches", json=order, headers={**headers, "Idempotency-Key": "b1"}).json
    soft = http.post("/v1/score-sets", json=order, headers=headers)
    policy("confirmed")
    strict = http.post("/v1/score-sets", json=order, headers=headers)
    work()
    (line,) = http.get(f"/v1/score-batches/{batch['id']}/results", headers=headers).text.splitlines()
    assert (batch["counts"], '"counts":"everything"' in line) == ("everything", True)
    assert (soft.headers["Counts"], strict.headers["Counts"]) == ("everything", "confirmed")
    loose, tight = (pl.read_parquet(BytesIO(each.data))["score"].item() for each in (soft, strict))
    assert loose > tight


def test_a_policy_stands_in_the_ledger_once_and_holds_from_its_moment(policy: Any, app: Flask) -> None:
    """The same again is no new version; what held at a moment of before can still be asked."""
    first, again = policy("everything").json, policy("everything").json
    assert first == again
    second = policy("confirmed").json
    database: Database = app.extensions["database"]
    with database.read() as session:
        entries = map(orjson.loads, (each.leaf for each in store.entries_of(session, ["bank-1"], None, 10)))
        told = [each["facts"] for each in entries if each["kind"] == "counting-policy"]
        rows = [counting.newest(session, "bank-1")]
        then = rows[0].set_at if rows[0] else None
        assert then is not None
        assert counting.usual(session, "bank-1", then, Counts.EVERYTHING) is Counts.CONFIRMED
    assert second["version"] == 2
    assert told == [{"version": 2, "counts": "confirmed"}, {"version": 1, "counts": "everything"}]


def test_of_two_who_change_it_one_is_told(policy: Any) -> None:
    """`If-Match` names the version that was read."""
    assert policy("everything", **{"If-Match": '"0"'}).status_code == 200
    late = policy("confirmed", **{"If-Match": '"0"'})
    assert (late.status_code, late.json["type"]) == (412, "/problems/outdated")


def test_who_may_not_order_scores_sets_nothing(app: Flask, tokens: Any) -> None:
    """Everybody who reads scores may read what counts."""
    reader = tokens(client="platform-1", role="platform", scopes="scores:soft")
    assert app.test_client().put(POLICY, json={"counts": "everything"}, headers=reader).status_code == 403
    assert app.test_client().get(POLICY, headers=reader).json["counts"] == "confirmed"


def test_another_word_is_refused(policy: Any) -> None:
    assert policy("half").status_code == 422
