"""The proxy: what reaches a service, what comes back, and what is said where a service is silent."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from chassis.core.identity import Caller, Verifier
from gateway.context import Context
from gateway.door import routes
from gateway.door.routes import ROUTES, route_of
from gateway.identity.store import Client

Service = Any
Bearer = Callable[..., dict[str, str]]
Gateway = Callable[..., Flask]
BANK = Client("bank-1", "bank")
CLOSED_PORT = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/imports/imp_1/rejects", "profile"),
        ("/v1/enterprises/local:E1/portrait", "profile"),
        ("/v1/enterprises/local:E1/scores", "scoring"),
        ("/v1/scores", "scoring"),
        ("/v1/matches/m1", "matching"),
    ],
)
def test_a_path_is_routed_to_the_service_that_owns_it(path: str, service: str) -> None:
    """The table says who answers; the more exact line wins."""
    route = route_of(path)
    assert route is not None
    assert route.service == service


@pytest.mark.parametrize(
    "path", ["/v1/metrics", "/v1/imports/../metrics", "/v1//scores", "/v1/scores/./x", "/metrics", "/v1/scores/"]
)
def test_a_path_that_a_service_could_read_otherwise_is_not_routed(path: str) -> None:
    """Only listed routes, and no path with empty or dotted segments."""
    assert route_of(path) is None


@pytest.mark.parametrize("path", ["/v1/imports/%2e%2e/metrics", "/v1/imports/../../metrics", "/v1/nothing"])
def test_an_unlisted_path_reaches_no_service(client: FlaskClient, bearer: Bearer, service: Service, path: str) -> None:
    """It is answered here, with the way to the list of routes."""
    answer = client.get(path, headers=bearer())
    assert answer.status_code == 404
    assert not service.asked


def test_a_service_gets_a_token_that_it_can_verify_instead_of_the_key(
    client: FlaskClient, bearer: Bearer, service: Service, context: Context
) -> None:
    """The key itself goes no further than the gateway."""
    headers = bearer("platform-1", "platform")
    client.get("/v1/catalogue", headers=headers)
    token = service.asked[0]["headers"]["authorization"].removeprefix("Bearer ")
    caller = Verifier(keys=context.authority.signer.key_set()).verify(token)
    assert isinstance(caller, Caller)
    assert (caller.client, caller.role) == ("platform-1", "platform")
    assert "smc_" not in json.dumps(service.asked)


def test_an_enterprises_token_names_its_firm(
    client: FlaskClient, bearer: Bearer, service: Service, context: Context
) -> None:
    """Profile decides by this claim who reads its own file."""
    client.get("/v1/catalogue", headers=bearer("shop", "enterprise", "local:E17"))
    token = service.asked[0]["headers"]["authorization"].removeprefix("Bearer ")
    assert Verifier(keys=context.authority.signer.key_set()).verify(token).owns("local:E17")


def test_headers_that_a_service_could_trust_are_not_taken_from_outside(
    client: FlaskClient, bearer: Bearer, service: Service
) -> None:
    """Addresses, identities, patience and cookies of the sender's own making stay outside."""
    invented = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Real-Ip": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
        "X-Client": "operator",
        "X-Timeout-Ms": "1",
        "Cookie": "smecredit_session=1",
        "Proxy-Authorization": "Basic x",
        "Te": "trailers",
    }
    client.get("/v1/catalogue", headers={**bearer(), **invented})
    assert not service.asked[0]["headers"].keys() & {name.lower() for name in invented}


def test_headers_of_the_contract_reach_the_service(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """Purpose, idempotency key and preconditions are the caller's to set."""
    sent = {"Purpose": "credit-assessment", "Idempotency-Key": "k-1", "If-Match": '"1"', "Accept-Language": "zh"}
    client.post("/v1/scores", headers={**bearer(), **sent}, json={"enterprise": "local:E1"})
    received = service.asked[0]["headers"]
    assert {name: received[name.lower()] for name in sent} == sent


def test_one_request_has_one_id_and_one_trace_everywhere(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """The id in the answer is the one in the service's log."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = client.get("/v1/catalogue", headers={**bearer(), "traceparent": trace})
    received = service.asked[0]["headers"]
    assert received["x-request-id"] == answer.headers["X-Request-Id"]
    assert received["traceparent"].split("-")[1] == trace.split("-")[1]


def test_a_caller_does_not_choose_the_id_of_its_request(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """It would be able to give its requests the ids of others'."""
    chosen = "req_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    answer = client.get("/v1/catalogue", headers={**bearer(), "X-Request-Id": chosen})
    assert answer.headers["X-Request-Id"] != chosen
    assert service.asked[0]["headers"]["x-request-id"] == answer.headers["X-Request-Id"]


def test_path_and_query_arrive_as_they_were_sent(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """An encoded name is decoded once, by the service."""
    client.get("/v1/enterprises/local:E%201/features?as_of=2020-01-31&x=%E4%B8%AD", headers=bearer())
    assert service.asked[0]["path"] == "/v1/enterprises/local:E%201/features?as_of=2020-01-31&x=%E4%B8%AD"


def test_status_headers_and_body_come_back_unchanged(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """A problem of a service is answered as it is, Parquet stays Parquet."""
    service.answers["/v1/feature-sets"] = (
        403,
        {"Content-Type": "application/problem+json", "Withheld": "3", "ETag": '"v1"'},
        b'{"type":"/problems/consent-required"}',
    )
    answer = client.post("/v1/feature-sets", headers=bearer(), json={})
    assert (answer.status_code, answer.headers["Withheld"], answer.headers["ETag"]) == (403, "3", '"v1"')
    assert answer.data == b'{"type":"/problems/consent-required"}'


@pytest.mark.parametrize(
    ("kind", "disposition"),
    [
        ("application/json", None),
        ("application/problem+json", None),
        ("text/plain", None),
        *((kind, "attachment") for kind in ("text/csv", "text/html", "image/svg+xml", "application/x-ndjson")),
    ],
)
def test_an_answer_is_private_and_a_file_is_saved(
    client: FlaskClient, bearer: Bearer, service: Service, kind: str, disposition: str | None
) -> None:
    """No cache keeps it, no browser takes it for something else, none opens a file as a page."""
    service.answers["/v1/book"] = (200, {"Content-Type": kind}, b"{}")
    headers = client.get("/v1/book", headers=bearer()).headers
    told = [headers.get(name) for name in ("Cache-Control", "X-Content-Type-Options", "Content-Disposition")]
    assert told == ["no-store", "nosniff", disposition]


def test_what_a_service_says_of_its_answer_stands(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    said = {"Content-Type": "text/csv", "Cache-Control": "private, max-age=60", "Content-Disposition": "inline"}
    service.answers["/v1/book"] = (200, said, b"a")
    headers = client.get("/v1/book", headers=bearer()).headers
    assert {name: headers[name] for name in ("Cache-Control", "Content-Disposition")} == {
        name: said[name] for name in ("Cache-Control", "Content-Disposition")
    }


def test_a_refusal_is_private_too(client: FlaskClient) -> None:
    headers = client.get("/v1/book").headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_hop_by_hop_headers_of_a_service_stay_behind(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """They speak of one connection only (RFC 9110 section 7.6.1)."""
    service.answers["/v1/catalogue"] = (200, {"Keep-Alive": "timeout=5", "Server": "x/1"}, b"{}")
    answer = client.get("/v1/catalogue", headers=bearer())
    assert not {"Keep-Alive", "Server"} & set(answer.headers.keys())


def test_the_gateways_own_time_is_added_to_the_services_stages(
    client: FlaskClient, bearer: Bearer, service: Service
) -> None:
    """Server-Timing lists the service's stages first."""
    service.answers["/v1/scores"] = (201, {"Server-Timing": "model;dur=1.0"}, b"{}")
    timing = client.post("/v1/scores", headers=bearer(), json={}).headers["Server-Timing"]
    assert re.fullmatch(r"model;dur=1\.0, gateway;dur=\d+\.\d+", timing)


def test_a_large_answer_comes_back_whole(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """A body above the held size is streamed."""
    body = bytes(range(256)) * 4096
    service.answers["/v1/score-batches/b/results"] = (200, {"Content-Type": "application/jsonl"}, body)
    assert client.get("/v1/score-batches/b/results", headers=bearer()).data == body


def test_an_upload_arrives_byte_for_byte(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """A body above the held size is streamed."""
    body = b"\x00\xff\n" * 100_000
    client.post("/v1/imports?kind=workbook", headers=bearer(), data=io.BytesIO(body), content_type="text/csv")
    assert service.asked[0]["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_body_that_ends_early_is_not_sent_as_whole(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """A sender who breaks off must not have an import of half a file."""
    answer = client.post(
        "/v1/imports",
        headers=bearer(),
        input_stream=io.BytesIO(b"x" * 200_000),
        environ_overrides={"CONTENT_LENGTH": "300000"},
    )
    assert answer.status_code == 422
    assert not service.asked


def test_a_missing_service_is_named_with_a_way_forward(gateway: Gateway, settings: Any, service: Service) -> None:
    """502, which service, and what to do."""
    app = gateway(backends={**settings.backends, "scoring": CLOSED_PORT})
    issued = app.extensions["context"].clients.add([BANK])
    answer = app.test_client().get("/v1/scores/s1", headers={"Authorization": f"Bearer {issued[0].text}"})
    assert answer.status_code == 502
    assert answer.content_type == "application/problem+json"
    assert answer.json["service"] == "scoring"
    assert "again" in answer.json["detail"]
    assert answer.headers["Retry-After"]


def test_a_silent_service_is_given_up_after_its_routes_patience(
    gateway: Gateway, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """504, which service, and that the same key may be used again."""
    monkeypatch.setitem(routes.ROUTES, "scores", routes.Route("scoring", 0.05))  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = gateway(backends={**settings.backends, "scoring": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        issued = app.extensions["context"].clients.add([BANK])
        answer = app.test_client().post("/v1/scores", headers={"Authorization": f"Bearer {issued[0].text}"}, json={})
    assert answer.status_code == 504
    assert answer.json["service"] == "scoring"
    assert "Idempotency-Key" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/v1/enterprises/local:E1", "/v1/imports?kind=payments"])
@pytest.mark.parametrize("told", [b"HTTP/1.1 200 OK\r\nContent-Ty", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_half_an_answer_is_no_answer(gateway: Gateway, settings: Any, path: str, told: bytes) -> None:
    """502 where a service breaks off within the head of its answer, which would look empty, or within the body."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_say_half, args=(server, told), daemon=True).start()
        app = gateway(backends={**settings.backends, "profile": f"http://127.0.0.1:{server.getsockname()[1]}"})
        issued = app.extensions["context"].clients.add([BANK])
        answer = app.test_client().post(path, headers={"Authorization": f"Bearer {issued[0].text}"}, json={})
    assert (answer.status_code, answer.json["service"]) == (502, "profile")


def _say_half(server: socket.socket, told: bytes) -> None:
    """Answer each request with the same bytes and close."""
    with contextlib.suppress(OSError):
        while True:
            caller, _ = server.accept()
            with caller:
                caller.recv(1 << 16)
                caller.sendall(told)
                caller.shutdown(socket.SHUT_WR)
                while caller.recv(1 << 16):
                    pass


def test_a_broken_connection_is_tried_once_more_where_that_is_safe(
    client: FlaskClient, bearer: Bearer, service: Service
) -> None:
    """A write with an Idempotency-Key may be sent twice: the service answers the second as the first."""
    service.break_off = 1
    answer = client.post("/v1/scores", headers={**bearer(), "Idempotency-Key": "k"}, json={})
    assert answer.status_code == 200


def test_a_write_without_a_key_is_never_sent_twice(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """Nobody knows whether it was done."""
    service.break_off = 1
    assert client.post("/v1/scores", headers=bearer(), json={}).status_code == 502
    assert not service.asked


def test_every_route_of_the_table_names_a_service_that_exists() -> None:
    """A typing slip in the table would be a 500 for somebody."""
    assert {route.service for route in ROUTES.values()} == {"profile", "scoring", "matching"}


def test_metrics_are_not_behind_the_public_prefix(client: FlaskClient, bearer: Bearer, service: Service) -> None:
    """A service's metrics are read at the service."""
    assert client.get("/v1/metrics", headers=bearer()).status_code == 404
    assert not service.asked


def test_no_key_or_code_is_ever_logged(
    client: FlaskClient, key: Callable[..., str], service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    """Canaries in the key, the path, the query and the body are in no log line."""
    text = key()
    client.post(
        "/v1/enterprises/local:CANARY1/scores?name=CANARY2",
        headers={"Authorization": f"Bearer {text}"},
        json={"name": "CANARY3"},
    )
    client.get("/v1/catalogue", headers={"Authorization": f"Bearer {text[:-1]}0"})
    out, err = capfd.readouterr()
    assert "CANARY" not in out + err
    assert text.split("_")[2][:12] not in out + err


@pytest.mark.parametrize(("proxies", "told"), [(0, 1), (1, 0)])
def test_a_proxy_that_nobody_trusts_is_told_once(gateway: Gateway, proxies: int, told: int, capfd: Any) -> None:
    """At its first request: all callers would share its address, and no cookie would be `Secure`."""
    client = gateway(proxies=proxies).test_client()
    for _ in range(3):
        client.get("/livez", headers={"X-Forwarded-For": "203.0.113.7"})
    assert capfd.readouterr().err.count("proxy-not-trusted") == told


@pytest.mark.parametrize(("production", "told"), [(True, 1), (False, 0)])
def test_in_production_it_is_told_at_the_start(gateway: Gateway, production: bool, told: int, capfd: Any) -> None:
    """There one has to stand in front, and end TLS."""
    gateway(proxies=0, production=production)
    assert capfd.readouterr().err.count("proxy-not-trusted") == told
