"""From an order that asks for ties to scores that are made of them, and to a model that leaves them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
from werkzeug import Request

from services.scoring.ml import plan
from services.scoring.ml import train as training

Send = Callable[..., Any]
Read = Callable[[str], Any]
Work = Callable[[], None]
TIES = ("managers", "corporate_owners")


@pytest.fixture
def scoring_url(sqlite_url: str) -> str:
    """Return a fresh SQLite database."""
    return sqlite_url


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few small forests: these tests ask which figures go where."""
    monkeypatch.setattr(training, "_CARD_FOLDS", 3)
    small = replace(plan.BOOK, repeats=1, stretched=2, tried=2, folds=3, scorecards=(0.0,))
    monkeypatch.setattr(plan, "BOOK", small)


@pytest.fixture
def orders(profile: Any) -> list[dict[str, Any]]:
    """Return what the profile service is asked for, as it is asked; its firms' defaults are told by their managers."""
    bad = profile.book["defaulted"].shuffle(5)
    managers = np.where(bad.fill_null(value=False), 5.0, 1.0)
    profile.book = profile.book.with_columns(
        managers=pl.Series(managers), corporate_owners=pl.lit(1.0), defaulted=bad
    ).filter(pl.col("sales_active_months").is_not_null() & pl.col("defaulted").is_not_null())
    seen: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            seen.append({"path": request.path, **orjson.loads(request.get_data())})

    profile.fail = note
    return seen


def trained(send: Send, read: Read, work: Work, approve: Any, **order: Any) -> dict[str, Any]:
    version = send("/v1/models", {"promote": True, "seed": 1, **order}).json["version"]
    work()
    passed = read(f"/v1/models/{version}").json["card"]["gate"]["passed"]
    approve(version, exception=None if passed else "a test of the way")
    model: dict[str, Any] = read(f"/v1/models/{version}").json
    assert model["state"] == "serving", model
    return model


def test_a_model_that_keeps_the_block_reads_it_wherever_it_scores_and_tells_it_as_a_reason(
    *,
    orders: list[dict[str, Any]],
    send: Send,
    read: Read,
    work: Work,
    approve: Any,
    profile: Any,
    app: Any,
    tokens: Any,
) -> None:
    model = trained(send, read, work, approve, blocks=["graph"])
    assert model["card"]["blocks"]["graph"]["kept"]
    assert model["lineage"]["blocks"] == ["graph"]
    score = send("/v1/scores", {"enterprise": "local:E1"}).json
    batch = send("/v1/score-batches", {"enterprises": ["local:E1"]}).json
    work()
    [line] = read(f"/v1/score-batches/{batch['id']}/results").text.splitlines()
    assert [each["blocks"] for each in orders if each["path"] != "/v1/rereads"] == [["graph"]] * 3
    said = {each["feature"]: each["code"] for each in score["reasons"]}
    assert said["managers"] in {"R509", "P509"}
    assert orjson.loads(line)["score"] == score["score"]

    table = send("/v1/score-sets", {"enterprises": ["local:E1"]})
    assert table.status_code == 200, table.json
    assert not set(TIES) & set(pl.read_parquet(BytesIO(table.data)).columns)

    orders.clear()
    way = send(f"/v1/scores/{score['id']}/recourse", {"target": {"score": 990}})
    assert way.status_code == 200, way.json
    assert way.json["now"]["score"] == score["score"]
    [asked] = [each for each in orders if each["path"] == "/v1/continuations"]
    assert not set(TIES) & set(asked["features"])

    itself = tokens(role="enterprise", client="firm", enterprise="local:E1", scopes="scores:read")
    for known in (True, False):  # what the bank could not read then is in no score that the firm is told
        if not known:
            profile.book = profile.book.with_columns(pl.lit(None, pl.Float64).alias(name) for name in TIES)
        made = send("/v1/scores", {"enterprise": "local:E1"}).json
        orders.clear()
        assert app.test_client().get(f"/v1/scores/{made['id']}", headers=itself).json["score"] == made["score"]
        assert [each["blocks"] for each in orders if each["path"] == "/v1/feature-reads"] == [
            ["graph"] if known else []
        ]


def test_a_model_that_leaves_it_out_never_asks_for_it_and_says_why(
    orders: list[dict[str, Any]], send: Send, read: Read, work: Work, approve: Any, profile: Any
) -> None:
    chance = pl.Series("managers", np.random.default_rng(4).uniform(size=profile.book.height))
    profile.book = profile.book.with_columns(chance)
    model = trained(send, read, work, approve, blocks=["graph"])
    block = model["card"]["blocks"]["graph"]
    assert (block["kept"], block["known"]) == (False, block["firms"])
    assert "left out" in block["sentence"]["en"]
    orders.clear()
    score = send("/v1/scores", {"enterprise": "local:E1"}).json
    assert [each["blocks"] for each in orders] == [[]]
    assert not set(TIES) & {each["feature"] for each in score["contributions"]}


def test_a_block_that_there_is_not_is_refused(send: Send) -> None:
    answer = send("/v1/models", {"blocks": ["luck"]})
    assert (answer.status_code, "blocks" in str(answer.json["errors"])) == (422, True)
