"""Calls between services: retried where safe, cut off where hopeless, problems passed on as they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from flask import Flask

from chassis.core.errors import UpstreamUnavailable
from chassis.core.http import FAILURES_TO_OPEN, ServiceIdentity, Upstream
from chassis.core.problems import UpstreamProblem
from chassis.web.app import make_app


class Script:
    """A real server that answers what the test says and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str, bytes] | None] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                script.asked.append((self.command, self.path, dict(self.headers), body))
                answer = script.answers.pop(0) if script.answers else (200, "application/json", b"{}")
                if answer is None:  # hang up without a word
                    self.close_connection = True
                    self.connection.close()
                    return
                status, kind, content = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815 -- the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    yield script
    script.server.shutdown()


def test_a_read_is_tried_again_when_the_line_breaks(script: Script) -> None:
    script.answers = [None, (502, "text/html", b""), (200, "application/json", b'{"n":1}')]
    assert Upstream("profile", script.url).call("GET", "/x").json() == {"n": 1}
    assert len(script.asked) == 3


def test_a_write_is_not_repeated_unless_it_is_said_to_be_safe(script: Script) -> None:
    script.answers = [None]
    with pytest.raises(UpstreamUnavailable):
        Upstream("profile", script.url).call("POST", "/x", json={})
    script.answers = [None]
    Upstream("profile", script.url).call("POST", "/x", json={}, repeatable=True)
    assert len(script.asked) == 3


def test_a_problem_is_passed_on_as_it_is(script: Script) -> None:
    problem = {"type": "/problems/consent-required", "status": 403, "detail": "Ask the firm."}
    script.answers = [(403, "application/problem+json", orjson.dumps(problem))]
    with pytest.raises(UpstreamProblem) as caught:
        Upstream("profile", script.url).call("GET", "/x")
    assert caught.value.document == problem


def test_a_dead_upstream_is_no_longer_asked_for_a_while(script: Script) -> None:
    script.answers = [None] * 50
    upstream = Upstream("profile", script.url)
    for _ in range(FAILURES_TO_OPEN + 5):
        with pytest.raises(UpstreamUnavailable) as caught:
            upstream.call("POST", "/x")
    assert len(script.asked) == FAILURES_TO_OPEN
    assert caught.value.members["upstream"] == "profile"


def test_an_upstream_problem_does_not_open_the_breaker(script: Script) -> None:
    """A refusal is an answer: many refused requests must not cut the service off."""
    script.answers = [(403, "application/problem+json", b'{"status":403}')] * 20
    upstream = Upstream("profile", script.url)
    for _ in range(20):
        with pytest.raises(UpstreamProblem):
            upstream.call("GET", "/x")
    assert len(script.asked) == 20


@pytest.fixture
def app(verifier) -> Flask:
    return make_app("caller", verifier=verifier)


def test_identity_purpose_trace_and_patience_go_along(script: Script, app: Flask) -> None:
    @app.get("/through")
    def through():
        return Upstream("profile", script.url).call("GET", "/x").json()

    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = {"Authorization": "Bearer t", "Purpose": "credit-assessment", "traceparent": trace, "X-Timeout-Ms": "1500"}
    app.test_client().get("/through", headers={**sent, "X-Request-Id": "abcdefgh", "Cookie": "secret=1"})
    got = script.asked[0][2]
    assert (got["Authorization"], got["Purpose"], got["X-Request-Id"]) == ("Bearer t", "credit-assessment", "abcdefgh")
    assert got["traceparent"].split("-")[1] == trace.split("-")[1]
    assert 0 < int(got["X-Timeout-Ms"]) <= 1500
    assert "Cookie" not in got


def test_a_worker_asks_once_for_the_token_of_the_client_it_acts_for(script: Script) -> None:
    script.answers = [(200, "application/json", b'{"access_token":"abc","expires_in":300}')]
    identity = ServiceIdentity(script.url, "smc_1_x")
    found: list[Callable[[], dict[str, str]]] = [identity.headers("bank-1", "model-training") for _ in range(3)]
    assert found == [{"Authorization": "Bearer abc", "Purpose": "model-training"}] * 3
    assert [asked[3] for asked in script.asked] == [b"grant_type=client_credentials&subject=bank-1"]


def test_a_header_cannot_smuggle_in_another(script: Script) -> None:
    """A value with a line end is refused before anything is sent."""
    with pytest.raises(ValueError, match="line end"):
        Upstream("profile", script.url).call("GET", "/x", headers={"Purpose": "a\r\nAuthorization: Bearer b"})
    assert script.asked == []


def test_what_lies_beyond_ascii_arrives(script: Script) -> None:
    """A code in Chinese is percent-encoded in a path, a header's Latin-1 stays as it is."""
    Upstream("profile", script.url).call("GET", "/v1/enterprises/local:企%20业", headers={"User-Agent": "Zoé"})
    _, path, headers, _ = script.asked[0]
    assert (path, headers["User-Agent"]) == ("/v1/enterprises/local:%E4%BC%81%20%E4%B8%9A", "Zoé")
