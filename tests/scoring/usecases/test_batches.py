"""Scores of many enterprises as one order."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import polars as pl
import pytest
from flask import Flask
from sqlalchemy import select

from chassis.data import jobs, leases
from services.scoring.store import batches
from services.scoring.usecases import batch as ordering

Send = Callable[..., Any]
Read = Callable[[str], Any]


def lines(answer: Any) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in answer.data.splitlines()]


@pytest.mark.usefixtures("serving")
def test_every_enterprise_of_a_batch_has_a_line(send: Send, read: Read, work: Callable[[], None]) -> None:
    """Scored, without data, or without consent: nobody is forgotten."""
    ordered = ["local:E1", "local:E0", "local:E999"]
    order = send("/v1/score-batches", {"enterprises": ordered}).json
    work()

    found = {line["enterprise"]: line for line in lines(read(f"/v1/score-batches/{order['id']}/results"))}

    assert set(found) == set(ordered)
    assert "score" in found["local:E1"]
    assert found["local:E0"]["problem"]["type"] == "/problems/not-enough-data"
    assert found["local:E999"]["problem"]["type"] == "/problems/consent-required"


@pytest.mark.usefixtures("serving")
def test_a_batch_of_all_counts_up(send: Send, read: Read, work: Callable[[], None]) -> None:
    """`scored` and `refused` are the book."""
    order = send("/v1/score-batches", {}).json
    work()

    batch = read(f"/v1/score-batches/{order['id']}").json

    assert (batch["state"], batch["scored"], batch["refused"]) == ("done", 80, 1)
    assert batch["progress"] == {"done": 81, "total": 81}


@pytest.mark.usefixtures("serving")
def test_a_score_of_a_batch_reads_like_any_score(send: Send, read: Read, work: Callable[[], None]) -> None:
    """A line of the results is the stored score, contributions included."""
    order = send("/v1/score-batches", {"enterprises": ["local:E1"]}).json
    work()

    line = lines(read(f"/v1/score-batches/{order['id']}/results"))[0]

    assert read(f"/v1/scores/{line['id']}").json == line
    assert sum(c["points"] for c in line["contributions"]) + line["base_points"] == pytest.approx(
        line["score"], abs=0.5
    )


@pytest.mark.usefixtures("serving")
def test_a_batch_equals_its_single_scores(send: Send, read: Read, work: Callable[[], None]) -> None:
    """Columns and single rows give the same contributions."""
    order = send("/v1/score-batches", {"enterprises": ["local:E7"]}).json
    work()
    line = lines(read(f"/v1/score-batches/{order['id']}/results"))[0]

    single = send("/v1/scores", {"enterprise": "local:E7"}).json

    assert [c["points"] for c in line["contributions"]] == pytest.approx([c["points"] for c in single["contributions"]])
    assert [r["feature"] for r in line["reasons"]] == [r["feature"] for r in single["reasons"]]


def test_a_worker_killed_in_the_middle_neither_loses_nor_doubles(
    serving: Flask, send: Send, read: Read, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job taken up again adds what is missing."""
    monkeypatch.setattr(ordering, "CHUNK", 30)
    order = send("/v1/score-batches", {}).json
    broken_off = _break_after(monkeypatch, chunks=1)
    with pytest.raises(KeyboardInterrupt):
        work()
    broken_off()
    _hand_back(serving)

    work()

    found = [line["enterprise"] for line in lines(read(f"/v1/score-batches/{order['id']}/results"))]
    assert len(found) == len(set(found)) == 81


@pytest.mark.usefixtures("serving")
def test_a_batch_is_read_for_the_client_that_ordered_it(send: Send, work: Callable[[], None], profile: Any) -> None:
    """The worker acts for the bank and for the purpose it named."""
    send("/v1/score-batches", {"enterprises": ["local:E1"]})
    work()

    path, sent = profile.seen[0]
    assert (path, sent["Authorization"], sent["Purpose"]) == (
        "/v1/feature-tables",
        "Bearer for-bank-1",
        "credit-assessment",
    )


@pytest.mark.usefixtures("serving")
def test_a_consent_revoked_after_the_batch_withholds_its_line(
    send: Send, read: Read, work: Callable[[], None], profile: Any
) -> None:
    """Derived data included; the others' lines are read for the purpose that the batch named."""
    order = send("/v1/score-batches", {"enterprises": ["local:E1", "local:E2"]}).json
    work()
    profile.withheld.add("local:E1")

    found = {line["enterprise"]: line for line in lines(read(f"/v1/score-batches/{order['id']}/results"))}

    assert found["local:E1"]["problem"]["type"] == "/problems/consent-required"
    assert "score" in found["local:E2"]
    assert profile.seen[-1][1]["Purpose"] == "credit-assessment"


@pytest.mark.usefixtures("serving")
def test_results_before_the_end_are_refused(send: Send, read: Read) -> None:
    """A half batch is never taken for a whole one."""
    order = send("/v1/score-batches", {}).json

    answer = read(f"/v1/score-batches/{order['id']}/results")

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/batch-not-done")


@pytest.mark.usefixtures("serving")
def test_a_batch_without_a_purpose_is_refused(app: Flask, headers: dict[str, str]) -> None:
    """No purpose, no reading."""
    sent = {**headers, "Idempotency-Key": "k", "Purpose": ""}

    assert app.test_client().post("/v1/score-batches", json={}, headers=sent).status_code == 400


@pytest.mark.usefixtures("serving")
def test_a_batch_that_profile_refuses_fails_with_its_problem(
    send: Send, read: Read, work: Callable[[], None], profile: Any
) -> None:
    """The reason of a failed batch can be read."""
    profile.refuse(403, "consent-required")
    order = send("/v1/score-batches", {"enterprises": ["local:E1"]}).json
    work()

    batch = read(f"/v1/score-batches/{order['id']}").json

    assert (batch["state"], batch["problem"]["type"]) == ("failed", "/problems/consent-required")


def test_a_promotion_during_a_batch_does_not_split_it(
    serving: Flask, send: Send, read: Read, work: Callable[[], None], add_model: Callable[[str, str], None]
) -> None:
    """The model is fixed when the batch is ordered."""
    order = send("/v1/score-batches", {"enterprises": ["local:E1"]}).json
    add_model("mdl_newer", "candidate")
    send("/v1/models/mdl_newer/promote", {})
    work()

    assert lines(read(f"/v1/score-batches/{order['id']}/results"))[0]["model"]["version"] == "mdl_test"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", b"enterprise,note\nlocal:E1,a\nE2,b\nlocal:E1,again\n"),
        ("名单.csv", "企业代号\nE1\nE2\n".encode("gb18030")),
        ("list.csv.gz", gzip.compress(b"enterprise\nE1\nE2\n", mtime=0)),
    ],
)
def test_a_batch_may_be_ordered_by_a_file(
    serving: Flask, headers: dict[str, str], read: Read, work: Callable[[], None], name: str, content: bytes
) -> None:
    """Each enterprise of the list is scored once, whatever the file looks like."""
    answer = _file(serving, headers, name, content)
    assert answer.status_code == 202
    work()
    found = lines(read(f"/v1/score-batches/{answer.json['id']}/results"))
    assert [line["enterprise"] for line in found] == ["local:E1", "local:E2"]


def test_a_file_that_lists_nobody_says_what_it_has(serving: Flask, headers: dict[str, str]) -> None:
    """The columns found are named."""
    answer = _file(serving, headers, "list.csv", b"firm,town\nE1,X\n")
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/table-unreadable")
    assert "firm, town" in answer.json["detail"]


def test_a_list_of_a_hundred_thousand_is_taken(serving: Flask, send: Send) -> None:
    """It is larger than what other routes read."""
    assert send("/v1/score-batches", {"enterprises": [f"local:E{i}" for i in range(100_000)]}).status_code == 202


def _file(app: Flask, headers: dict[str, str], name: str, content: bytes) -> Any:
    form = {"file": (io.BytesIO(content), name), "as_of": "2020-02-21"}
    sent = {**headers, "Idempotency-Key": str(uuid4())}
    return app.test_client().post("/v1/score-batches", data=form, headers=sent)


def _break_after(monkeypatch: pytest.MonkeyPatch, chunks: int) -> Callable[[], None]:
    original, done = batches.add_part, []

    def add(connection: Any, number: int, part: Any) -> None:
        if len(done) == chunks:
            raise KeyboardInterrupt  # like a kill: neither refused nor retried
        original(connection, number, part)
        done.append(1)

    monkeypatch.setattr(batches, "add_part", add)
    return lambda: monkeypatch.setattr(batches, "add_part", original)


def _hand_back(app: Flask) -> None:
    """Give back what the dead worker had in hand, as its crew does."""
    database = app.extensions["database"]
    with database.read() as session:
        dead = session.scalars(select(jobs.TABLE.c.worker).where(jobs.TABLE.c.state == "running")).all()
    for worker in dead:
        leases.hand_back(database, worker, "signal 9")


def test_a_batch_ordered_again_on_the_same_facts_is_named_a_repeat(
    serving: Flask, send: Send, read: Read, work: Callable[[], None], profile: Any
) -> None:
    """Once done it names the first; with one firm's facts changed it is none."""

    def ordered() -> dict[str, Any]:
        batch = send("/v1/score-batches", {"enterprises": ["local:E1", "local:E2"]}).json
        work()
        return dict(read(f"/v1/score-batches/{batch['id']}").json)

    first, second = ordered(), ordered()
    changed = pl.when(pl.col("enterprise") == "local:E1").then(pl.lit("e" * 64)).otherwise("features_sha256")
    profile.book = profile.book.with_columns(changed.alias("features_sha256"))
    moved = ordered()

    assert (first["repeat_of"], second["repeat_of"], moved["repeat_of"]) == (None, first["id"], None)
