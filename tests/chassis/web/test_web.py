"""What every service answers alike: problems, identity, idempotency, health."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import marshmallow as ma
import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select
from watching import WATCHED

from chassis.core.call import timed
from chassis.core.errors import Conflict, NotFound, NotWritable, Refused, UpstreamUnavailable
from chassis.core.identity import Verifier
from chassis.core.problems import Kind
from chassis.data import keys
from chassis.data.database import Database
from chassis.web import paging
from chassis.web.app import make_api, make_app
from chassis.web.caller import caller, requires
from chassis.web.idempotency import idempotent
from chassis.web.openapi import Blueprint
from chassis.web.schemas import Schema

METADATA = MetaData()
THINGS = Table("things", METADATA, Column("id", Integer, primary_key=True), Column("name", String))
keys.declare(METADATA)


class ConsentRequired(Refused):
    """Nobody said yes."""


class Thing(Schema):
    name = ma.fields.String(required=True)


class ThingAnswer(Schema):
    id = ma.fields.Integer()
    name = ma.fields.String()


def routes(database: Database) -> Blueprint:
    blueprint = Blueprint("things", __name__, url_prefix="/v1")

    @blueprint.post("/things")
    @requires("things:write")
    @blueprint.response(201, ThingAnswer())
    @blueprint.arguments(Thing())
    @idempotent
    def create(session, body):
        """Create a thing."""
        with timed("insert"):
            number = session.execute(insert(THINGS).values(name=body["name"]).returning(THINGS.c.id)).scalar_one()
        return {"id": number, "name": body["name"]}

    @blueprint.get("/things")
    def listing():
        with database.read() as session:
            return paging.page(session, select(THINGS.c.name), [THINGS.c.id], lambda name: name)

    @blueprint.get("/refused")
    def refused():
        raise ConsentRequired("Ask the firm for its consent.", firm="local:E1")

    @blueprint.get("/named/<name>")
    def named(name):
        raise NotFound(f"There is no {name}.", name=name)

    @blueprint.get("/crash")
    def crash():
        raise RuntimeError("91110000600037341L")

    @blueprint.get("/me")
    def me():
        return {"client": caller().client, "role": caller().role}

    return blueprint


@pytest.fixture
def app(database_url: str, verifier: Verifier) -> Flask:
    database = Database(database_url)
    METADATA.create_all(database.engine)
    app = make_app(
        "things",
        verifier=verifier,
        problem_kinds={ConsentRequired: Kind(403, "consent-required", "Consent required", "需要授权")},
        checks={"database": database.probe},
    )
    app.extensions["database"] = database
    make_api(app, title="Things", version="1", blueprints=[routes(database)])
    yield app
    database.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def writer(tokens: Callable[..., dict[str, str]]) -> dict[str, str]:
    return tokens(scopes="things:write")


def count(app: Flask) -> int:
    with app.extensions["database"].read() as session:
        return session.execute(select(func.count()).select_from(THINGS)).scalar_one()


def test_a_refusal_is_a_problem_with_a_stable_type_and_its_facts(client: FlaskClient) -> None:
    answer = client.get("/v1/refused")
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, answer.json["type"], answer.json["firm"], answer.json["title_zh"]) == (
        403,
        "/problems/consent-required",
        "local:E1",
        "需要授权",
    )


def test_a_crash_tells_nothing_of_its_inside_not_even_to_the_log(client: FlaskClient, capfd) -> None:
    """The message of an exception may quote data: neither the answer nor the log repeats it."""
    answer = client.get("/v1/crash")
    assert answer.status_code == 500
    assert "91110000600037341L" not in answer.text + capfd.readouterr().err


@pytest.mark.parametrize(
    ("body", "named"), [({"name": 3}, "name"), ({}, "name"), ({"name": "a", "nme": "b"}, "nme"), ("{", "JSON")]
)
def test_a_wrong_body_is_named_by_its_field(client: FlaskClient, writer, body, named) -> None:
    headers = {**writer, "Idempotency-Key": "k", "Content-Type": "application/json"}
    kind = {"data": body} if isinstance(body, str) else {"json": body}
    answer = client.post("/v1/things", headers=headers, **kind)
    assert answer.status_code in {400, 422}
    assert named in answer.json["detail"]


def test_one_key_is_one_effect_and_the_same_answer_again(app: Flask, client: FlaskClient, writer) -> None:
    headers = {**writer, "Idempotency-Key": "one"}
    first = client.post("/v1/things", json={"name": "a"}, headers=headers)
    second = client.post("/v1/things", json={"name": "a"}, headers=headers)
    assert (first.status_code, second.json, second.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    assert count(app) == 1


def test_a_key_with_another_body_is_refused(app: Flask, client: FlaskClient, writer) -> None:
    headers = {**writer, "Idempotency-Key": "one"}
    client.post("/v1/things", json={"name": "a"}, headers=headers)
    assert client.post("/v1/things", json={"name": "b"}, headers=headers).status_code == 422
    assert count(app) == 1


def test_a_write_without_a_key_is_refused(app: Flask, client: FlaskClient, writer) -> None:
    answer = client.post("/v1/things", json={"name": "a"}, headers=writer)
    assert (answer.status_code, count(app)) == (400, 0)


def test_two_clients_may_use_the_same_key(app: Flask, client: FlaskClient, tokens) -> None:
    for name in ("bank-1", "bank-2"):
        headers = {**tokens(client=name, scopes="things:write"), "Idempotency-Key": "one"}
        client.post("/v1/things", json={"name": name}, headers=headers)
    assert count(app) == 2


def test_ten_clients_racing_on_one_key_make_one_effect_and_nine_replays(app: Flask, writer) -> None:
    headers = {**writer, "Idempotency-Key": "race"}
    answers: list[tuple[int, int, str | None]] = []

    def post() -> None:
        answer = app.test_client().post("/v1/things", json={"name": "a"}, headers=headers)
        answers.append((answer.status_code, answer.json["id"], answer.headers.get("Idempotency-Replayed")))

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer[:2] for answer in answers}) == 1
    assert ([answer[2] for answer in answers].count("true"), count(app)) == (9, 1)


@pytest.mark.parametrize(
    "changed",
    [{"lifetime": -10}, {"aud": "another"}, {"iss": "somebody"}, {"role": "king"}],
    ids=["expired", "wrong audience", "wrong issuer", "unknown role"],
)
def test_a_token_that_proves_nothing_is_refused(client: FlaskClient, tokens, changed) -> None:
    answer = client.get("/v1/me", headers=tokens(**changed))
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="smecredit"')


def test_the_algorithm_is_ours_to_choose(client: FlaskClient, tokens) -> None:
    """Neither an unsigned token nor one signed with a symmetric key passes."""
    claims = {"iss": "smecredit", "aud": "smecredit", "sub": "x", "role": "operator", "exp": 9999999999}
    symmetric = jwt.encode(
        {"alg": "HS256", "kid": "test"}, claims, OctKey.import_key("a-key-that-is-long-enough-to-pass")
    )
    unsigned = "eyJhbGciOiJub25lIn0." + symmetric.split(".")[1] + "."
    for token in (symmetric, unsigned, "not.a.token", "x"):
        assert client.get("/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_missing_scope_is_named(client: FlaskClient, tokens) -> None:
    answer = client.post("/v1/things", json={"name": "a"}, headers={**tokens(), "Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["scope"]) == (403, "things:write")


def test_pages_follow_one_another_without_gap_or_repeat(app: Flask, client: FlaskClient) -> None:
    with app.extensions["database"].begin() as session:
        session.execute(insert(THINGS), [{"name": str(n)} for n in range(7)])
    names, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"/v1/things?limit=3&cursor={cursor}").json
        names, cursor = names + answer["items"], answer["next"]
    assert names == [str(n) for n in range(7)]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=9999", "cursor=!!", "cursor=WzEsMl0", "cursor=W3siYSI6MX1d", "cursor=W251bGxd"],
)
def test_a_page_that_cannot_be_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/v1/things?{query}").status_code == 400


def test_readiness_names_what_is_missing(verifier: Verifier) -> None:
    def gone() -> None:
        raise Conflict("The lake is not there; run the migration.")

    answer = make_app("x", verifier=verifier, checks={"lake": gone}).test_client().get("/readyz")
    assert (answer.status_code, answer.json["missing"]) == (503, {"lake": "The lake is not there; run the migration."})


@pytest.mark.parametrize(
    ("failures", "status"),
    [([], "ready"), ([UpstreamUnavailable], "waiting"), ([ValueError, NotWritable], "blocked")],
)
def test_readiness_says_whether_to_wait_is_enough(verifier: Verifier, failures, status: str) -> None:
    """Who starts a suite waits for another service, and not for a disk that somebody has to make room on."""

    def failing(failure: type[Exception]) -> Callable[[], None]:
        def check() -> None:
            raise failure("no room")

        return check

    checks = {failure.__name__: failing(failure) for failure in failures}
    assert make_app("x", verifier=verifier, checks=checks).test_client().get("/readyz").json["status"] == status


def test_the_request_id_travels_and_a_strange_one_is_replaced(client: FlaskClient) -> None:
    assert client.get("/livez", headers={"X-Request-Id": "abc-12345"}).headers["X-Request-Id"] == "abc-12345"
    assert client.get("/livez", headers={"X-Request-Id": "a b\t<script>"}).headers["X-Request-Id"].startswith("req_")


def test_the_outermost_application_gives_every_request_its_id(verifier: Verifier) -> None:
    outermost = make_app("door", verifier=verifier, outermost=True).test_client()
    assert outermost.get("/livez", headers={"X-Request-Id": "abc-12345"}).headers["X-Request-Id"].startswith("req_")


def test_stages_are_told_in_server_timing(client: FlaskClient, writer) -> None:
    answer = client.post("/v1/things", json={"name": "a"}, headers={**writer, "Idempotency-Key": "t"})
    assert answer.headers["Server-Timing"].startswith("insert;dur=")


def test_the_openapi_document_names_scope_key_and_problem(client: FlaskClient) -> None:
    spec = client.get("/openapi.json").json
    post = spec["paths"]["/v1/things"]["post"]
    assert spec["openapi"] == "3.1.0"
    assert post["summary"] == "Create a thing."
    assert post["security"] == [{"bearer": ["things:write"]}]
    assert "Idempotency-Key" in [parameter["name"] for parameter in post["parameters"]]


def test_whoever_asks_for_the_document_first_gets_the_whole_of_it(app: Flask) -> None:
    """It is written when it is first asked for, once, and those who ask meanwhile wait for it."""
    with ThreadPoolExecutor(4) as callers:
        documents = list(callers.map(lambda _: app.test_client().get("/openapi.json").data, range(4)))
    assert len(set(documents)) == 1
    assert "/v1/things" in orjson.loads(documents[0])["paths"]


def test_metrics_count_by_route_and_hold_no_path(client: FlaskClient) -> None:
    client.get("/v1/refused?firm=local:E17")
    page = client.get("/metrics", **WATCHED).text
    assert 'route="/v1/refused"' in page
    assert "E17" not in page


def test_metrics_are_told_to_those_who_watch_alone(client: FlaskClient) -> None:
    """Nowhere else is there such a route."""
    answer = client.get("/metrics")
    assert answer.status_code == 404
    assert answer.json["type"] == "/problems/not-found"


def test_who_watches_is_answered_nothing_else(client: FlaskClient) -> None:
    assert client.get("/v1/refused", **WATCHED).status_code == 404
    assert client.get("/openapi.json", **WATCHED).status_code == 404
    assert client.get("/livez", **WATCHED).status_code == 200


def test_metrics_do_not_grow_with_made_up_methods(client: FlaskClient, capfd) -> None:
    """Whoever sends odd methods fills neither the memory nor the log with words of their own."""
    client.open("/v1/nowhere", method="E17")
    page = client.get("/metrics", **WATCHED).text
    assert 'method="(other)"' in page
    assert "E17" not in page + capfd.readouterr().err


class SlowKeys:
    """A gateway that is asked for its keys and answers only when told to."""

    def __init__(self) -> None:
        self.answer = threading.Event()
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                outer.answer.wait(10)
                body = orjson.dumps(KeySet([ECKey.import_key(SIGNING.as_dict(private=False))]).as_dict())
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"


SIGNING = ECKey.generate_key("P-256", parameters={"kid": "slow"})


def signed() -> str:
    claims = {"iss": "smecredit", "aud": "smecredit", "sub": "x", "role": "bank", "exp": int(time.time()) + 60}
    return str(jwt.encode({"alg": "ES256", "kid": "slow"}, claims, SIGNING))


def test_a_gateway_that_is_slow_to_give_its_keys_holds_no_request_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its threads may all be waiting for this very service: the request is refused, and the keys come later."""
    monkeypatch.setattr("chassis.core.identity.KEYS_WAIT_SECONDS", 0.05)
    keys = SlowKeys()
    verifier = Verifier(keys.url)
    with pytest.raises(UpstreamUnavailable):
        verifier.verify(signed())
    keys.answer.set()
    monkeypatch.setattr("chassis.core.identity.KEYS_WAIT_SECONDS", 10)
    assert verifier.verify(signed()).role == "bank"
    assert keys.asked == 1
    keys.server.shutdown()


def test_old_keys_serve_while_new_ones_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = SlowKeys()
    keys.answer.set()
    verifier = Verifier(keys.url)
    verifier.check()
    keys.answer.clear()
    monkeypatch.setattr("chassis.core.identity.KEYS_LIVE_SECONDS", -1)
    monkeypatch.setattr(verifier, "_fetched", float("-inf"))
    assert verifier.verify(signed()).role == "bank"
    keys.answer.set()
    keys.server.shutdown()


def test_a_problem_repeats_nothing_that_may_be_a_name_or_a_code(client: FlaskClient, tokens, writer) -> None:
    """Neither what stands in a path nor what was sent where a field's name is due."""
    person = "王小明13800138999"
    body = client.post("/v1/things", json={person: 1}, headers={**writer, "Idempotency-Key": "one"})
    path = client.get(f"/v1/named/{person}", headers=writer)
    assert (body.status_code, path.status_code) == (422, 404)
    for answer in (body, path):
        told = answer.json
        assert person not in str(told)
    assert "…" in body.json["detail"]
    assert path.json["detail"] == "There is no …."
