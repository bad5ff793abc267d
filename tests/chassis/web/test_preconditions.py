"""A reader asks only for what is new, and a writer never overwrites what it has not read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask, Response, send_file
from flask.testing import FlaskClient
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, update

from chassis.core.identity import Verifier
from chassis.data.database import Database
from chassis.web import preconditions
from chassis.web.answers import json_answer
from chassis.web.app import make_app

METADATA = MetaData()
COUNTERS = Table("counters", METADATA, Column("id", Integer, primary_key=True), Column("value", Integer))


@pytest.fixture
def app(database_url: str, verifier: Verifier) -> Iterator[Flask]:
    database = Database(database_url)
    METADATA.create_all(database.engine)
    with database.begin() as session:
        session.execute(insert(COUNTERS).values(id=1, value=0))
    app = make_app("counters", verifier=verifier)
    row = select(COUNTERS.c.value).where(COUNTERS.c.id == 1)

    @app.get("/counter")
    def read() -> Response:
        with database.read() as session:
            return json_answer({"value": session.execute(row).scalar_one()})

    @app.put("/counter")
    def write() -> Response:
        with database.begin() as session:
            value = session.execute(row.with_for_update()).scalar_one()
            preconditions.expect(lambda: {"value": value})
            session.execute(update(COUNTERS).values(value=value + 1))
        return json_answer({"value": value + 1})

    @app.get("/file")
    def file() -> Response:
        return send_file(BytesIO(b"line,reason\n"), "text/csv", as_attachment=True, download_name="a.csv", etag="v1")

    yield app
    database.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_read_carries_the_same_etag_while_nothing_changes(client: FlaskClient) -> None:
    first, second = client.get("/counter"), client.get("/counter")
    assert first.headers["ETag"] == second.headers["ETag"]


def test_a_write_changes_the_etag(client: FlaskClient) -> None:
    before = client.get("/counter").headers["ETag"]
    client.put("/counter")
    assert client.get("/counter").headers["ETag"] != before


def test_who_has_the_bytes_gets_none_again(client: FlaskClient) -> None:
    """304, with the ETag and without a body."""
    etag = client.get("/counter").headers["ETag"]
    again = client.get("/counter", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)


def test_a_read_that_expects_other_bytes_is_told_so_and_nothing_else(client: FlaskClient) -> None:
    """412 is a problem like any other: what was found is not in it."""
    answer = client.get("/counter", headers={"If-Match": '"another"'})
    assert (answer.status_code, answer.mimetype) == (412, "application/problem+json")
    assert answer.json["type"] == "/problems/outdated"
    assert "value" not in answer.json


def test_a_write_on_what_was_read_is_carried_out(client: FlaskClient) -> None:
    etag = client.get("/counter").headers["ETag"]
    assert client.put("/counter", headers={"If-Match": etag}).json == {"value": 1}


def test_a_write_on_what_has_changed_is_refused_and_changes_nothing(client: FlaskClient) -> None:
    etag = client.get("/counter").headers["ETag"]
    client.put("/counter")
    late = client.put("/counter", headers={"If-Match": etag})
    assert (late.status_code, late.json["type"]) == (412, "/problems/outdated")
    assert client.get("/counter").json == {"value": 1}


@pytest.mark.parametrize("expected", ['"another"', 'W/"1"'])
def test_a_file_that_is_not_what_was_expected_is_a_problem_too(client: FlaskClient, expected: str) -> None:
    """And none of its bytes come with it."""
    answer = client.get("/file", headers={"If-Match": expected})
    assert (answer.status_code, answer.mimetype) == (412, "application/problem+json")
    assert answer.json["type"] == "/problems/outdated"
    assert "Content-Disposition" not in answer.headers


def test_a_file_that_is_what_was_expected_is_sent(client: FlaskClient) -> None:
    answer = client.get("/file", headers={"If-Match": '"v1"'})
    assert (answer.status_code, answer.data) == (200, b"line,reason\n")


@pytest.mark.parametrize("given", [{}, {"If-Match": "*"}], ids=["nothing", "any"])
def test_a_write_that_expects_nothing_is_carried_out(client: FlaskClient, given: dict[str, str]) -> None:
    client.put("/counter")
    assert client.put("/counter", headers=given).json == {"value": 2}


def test_of_ten_writers_on_one_reading_one_is_carried_out(app: Flask) -> None:
    """The comparison stands in the write's own transaction, so no two pass it together."""
    etag = app.test_client().get("/counter").headers["ETag"]
    statuses: list[int] = []

    def put() -> None:
        statuses.append(app.test_client().put("/counter", headers={"If-Match": etag}).status_code)

    threads = [threading.Thread(target=put) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 9


def test_a_refusal_has_no_etag(client: FlaskClient) -> None:
    assert "ETag" not in client.get("/nowhere").headers
