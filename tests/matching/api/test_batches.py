"""Match batches: durable jobs that answer as single matches do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from bank_products import a_product
from flask.testing import FlaskClient

from chassis.core.engine.local import Local
from chassis.data import jobs
from chassis.data.jobs import Job, LeaseLost
from chassis.data.worker import Worker
from services.matching.context import Context
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts
from services.matching.domain.match import Match, match_all
from services.matching.jobs import handlers
from services.matching.usecases import match_many, match_stretch
from services.matching.usecases.match_many import KIND, run_batch

Headers = dict[str, str]
NEED = {"amount_fen": 20_000_000, "months": 12}


@pytest.fixture
def published(client: FlaskClient, bank: Headers) -> None:
    """One product."""
    client.put("/v1/products/credit", json=a_product(), headers=bank)


def order(client: FlaskClient, headers: Headers, enterprises: list[str] | None, key: str = "b1") -> Any:
    body = {"enterprises": enterprises, "need": NEED}
    return client.post("/v1/match-batches", json=body, headers={**headers, "Idempotency-Key": key})


def work(here: Context) -> None:
    assert Worker(here.database, handlers(here)).run_once()


def lines(client: FlaskClient, headers: Headers, batch: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/match-batches/{batch}/results", headers=headers)
    assert answer.content_type.startswith("application/jsonl")
    return [json.loads(line) for line in answer.data.splitlines()]


@pytest.mark.usefixtures("published")
def test_a_batch_answers_each_enterprise_as_a_single_match_does(
    client: FlaskClient, bank: Headers, here: Context
) -> None:
    """One line each, in the form and with the content of a match."""
    batch = order(client, bank, None)
    assert (batch.status_code, batch.json["state"]) == (202, "queued")
    work(here)
    state = client.get(f"/v1/match-batches/{batch.json['id']}", headers=bank).json
    assert (state["state"], state["progress"]) == ("done", {"done": 3, "total": 3})
    single = client.post(
        "/v1/matches",
        json={"enterprise": "local:E2", "need": NEED},
        headers={**bank, "Idempotency-Key": "single"},
    ).json
    found = lines(client, bank, batch.json["id"])
    assert [line["enterprise"] for line in found] == ["local:E1", "local:E2", "local:E3"]
    same = ("need", "score", "offers", "refusals", "as_of")
    assert {key: found[1][key] for key in same} == {key: single[key] for key in same}


@pytest.mark.usefixtures("published")
def test_an_enterprise_written_in_two_ways_is_one(client: FlaskClient, bank: Headers, here: Context) -> None:
    """Else it would be matched and withheld at once."""
    batch = order(client, bank, ["E1", " local:E1"])
    work(here)
    assert [line["enterprise"] for line in lines(client, bank, batch.json["id"])] == ["local:E1"]


@pytest.mark.usefixtures("published")
def test_a_worker_acts_for_the_client_that_ordered(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """It asks the gateway for a token in the client's name, and reads for financing-match."""
    order(client, bank, ["local:E1"])
    neighbours.asked.clear()
    work(here)
    (path, token_headers, form), (_, read_headers, _), *_ = neighbours.asked
    assert (path, token_headers["Authorization"]) == ("/oauth/token", "Bearer smc_key")
    assert b"subject=bank-1" in form
    assert (read_headers["Authorization"], read_headers["Purpose"]) == ("Bearer acting", "financing-match")


@pytest.mark.usefixtures("published")
def test_an_enterprise_without_consent_gets_its_own_line(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """It holds the problem, and the others are answered."""
    neighbours.withheld.add("local:E2")
    batch = order(client, bank, ["local:E1", "local:E2"]).json["id"]
    work(here)
    found = lines(client, bank, batch)
    assert [line["enterprise"] for line in found] == ["local:E1", "local:E2"]
    assert found[1]["problem"]["type"] == "/problems/consent-required"


@pytest.mark.usefixtures("published")
def test_a_consent_revoked_afterwards_withholds_the_line(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """Derived data included."""
    batch = order(client, bank, None).json["id"]
    work(here)
    neighbours.withheld.add("local:E1")
    found = lines(client, bank, batch)
    assert found[0] == {"enterprise": "local:E1", "problem": found[0]["problem"]}
    assert "offers" in found[1]


@pytest.mark.usefixtures("published")
def test_a_batch_run_again_gives_each_line_once(client: FlaskClient, bank: Headers, here: Context) -> None:
    """As after a kill between the last part and the end of the job."""
    batch = order(client, bank, None).json["id"]

    def twice(job: Job) -> None:
        run_batch(here, job)
        run_batch(here, job)

    Worker(here.database, {KIND: twice}).run_once()
    assert len(lines(client, bank, batch)) == 3


class Lost:
    """A holder whose lease is another's."""

    def renew(self, job_id: str, **values: Any) -> None:
        """Raise."""
        raise LeaseLost(job_id)


@pytest.fixture
def matched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have each firm be a part of its own, and return the firms that are matched, as they are."""
    firms = list[str]()

    def noting(shelf: Shelf, facts: Facts, *others: Any) -> list[Match]:
        firms.extend(facts.enterprises)
        return match_all(shelf, facts, *others)

    monkeypatch.setattr(match_many, "stretches", partial(match_stretch.stretches, length=1))
    monkeypatch.setattr(match_stretch, "match_all", noting)
    return firms


def run_twice(here: Context, between: Callable[[], object] = lambda: None) -> None:
    """Run the batch that waits until its first part is stored, as a worker that is killed does, and then again."""

    def twice(job: Job) -> None:
        with pytest.raises(LeaseLost):
            run_batch(here, replace(job, _holder=Lost()))
        between()
        run_batch(here, job)

    assert Worker(here.database, {KIND: twice}).run_once()


@pytest.mark.usefixtures("published")
def test_a_batch_begun_anew_does_what_is_missing(
    client: FlaskClient, bank: Headers, here: Context, matched: list[str]
) -> None:
    """The part that was stored is not matched again, and every firm has its line."""
    batch = order(client, bank, None).json["id"]
    run_twice(here)
    assert matched == ["local:E1", "local:E2", "local:E3"]
    assert [line["enterprise"] for line in lines(client, bank, batch)] == matched


@pytest.mark.usefixtures("published")
def test_all_lines_come_from_the_same_products(
    client: FlaskClient, bank: Headers, here: Context, matched: list[str]
) -> None:
    """What a run has left that met other products is made anew."""
    batch = order(client, bank, None).json["id"]
    run_twice(here, lambda: client.put("/v1/products/another", json=a_product(id="another"), headers=bank))
    assert matched == ["local:E1", "local:E1", "local:E2", "local:E3"]
    asked = [{each["product"] for each in line["offers"] + line["refusals"]} for line in lines(client, bank, batch)]
    assert asked == [{"credit", "another"}] * 3


@pytest.mark.usefixtures("published")
def test_processes_of_an_engine_give_the_same_lines(
    client: FlaskClient, bank: Headers, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each compiles the products anew from what they were made from."""
    alone = order(client, bank, None).json["id"]
    work(here)
    monkeypatch.setattr(match_many, "ENOUGH_FOR_PROCESSES", 1)
    monkeypatch.setattr(match_many, "stretches", partial(match_stretch.stretches, length=1))
    beside = order(client, bank, None, "b2").json["id"]
    batch = partial(run_batch, replace(here, engine=Local(1)))
    assert Worker(here.database, {KIND: batch}).run_once()
    assert _told(lines(client, bank, beside)) == _told(lines(client, bank, alone))


def _told(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "known_at"} for line in found]


@pytest.mark.usefixtures("published")
def test_results_wait_for_the_batch_to_be_done(client: FlaskClient, bank: Headers) -> None:
    """409 says in which state it is."""
    batch = order(client, bank, None).json["id"]
    answer = client.get(f"/v1/match-batches/{batch}/results", headers=bank)
    assert (answer.status_code, answer.json["type"], answer.json["state"]) == (
        409,
        "/problems/batch-not-done",
        "queued",
    )


@pytest.mark.usefixtures("published")
def test_a_batch_that_may_read_nothing_fails_and_says_why(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """The profile's refusal is the job's problem."""
    neighbours.withheld |= {"local:E1"}
    batch = order(client, bank, ["local:E1"]).json["id"]
    work(here)
    state = client.get(f"/v1/match-batches/{batch}", headers=bank).json
    assert (state["state"], state["problem"]["type"]) == ("failed", "/problems/consent-required")


@pytest.mark.usefixtures("published")
def test_another_clients_batch_does_not_exist(
    client: FlaskClient, bank: Headers, tokens: Callable[..., Headers]
) -> None:
    """Neither its state nor its results."""
    batch = order(client, bank, None).json["id"]
    rival = tokens(client="bank-2", scopes="matches:read")
    assert client.get(f"/v1/match-batches/{batch}", headers=rival).status_code == 404
    assert client.get(f"/v1/match-batches/{batch}/results", headers=rival).status_code == 404


@pytest.mark.usefixtures("published")
def test_the_same_order_twice_is_one_batch(client: FlaskClient, bank: Headers, here: Context) -> None:
    """The key replays it, and there is one job."""
    assert order(client, bank, None).json == order(client, bank, None).json
    work(here)
    assert not Worker(here.database, handlers(here)).run_once()


@pytest.mark.usefixtures("published")
def test_results_of_a_batch_ask_leave_each_time(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """The batch itself reads each file once."""
    batch = order(client, bank, None).json["id"]
    work(here)
    lines(client, bank, batch)
    assert neighbours.reads() == [("/v1/score-sets", None), ("/v1/rereads", "stored-match")]


@pytest.mark.usefixtures("published")
def test_a_batch_whose_order_names_no_day_is_read_again_as_of_the_day_of_its_lines(
    client: FlaskClient, bank: Headers, here: Context, neighbours: Any
) -> None:
    """A later book has a later day, which the consent may open although it does not open that of the lines."""
    batch = order(client, bank, None).json["id"]
    work(here)
    days = {line["as_of"] for line in lines(client, bank, batch)}
    assert {neighbours.asked[-1][2]["as_of"]} == days == {"2020-02-21"}


@pytest.mark.usefixtures("published")
def test_a_full_queue_is_told_with_when_to_come_back(
    client: FlaskClient, bank: Headers, here: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, Retry-After, and nothing stored: the same key is good for the next try."""
    monkeypatch.setattr(jobs, "MOST_WAITING", 1)
    assert order(client, bank, None).status_code == 202
    refused = order(client, bank, None, "b2")
    assert (refused.status_code, refused.json["type"]) == (503, "/problems/queue-full")
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"]
    work(here)
    assert order(client, bank, None, "b2").status_code == 202
