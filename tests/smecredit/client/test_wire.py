"""The client on the wire, against a real HTTP server that misbehaves on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from smecredit import Client, Problem, Unreachable
from smecredit.client.wire import Wire


class Script(BaseHTTPRequestHandler):
    """Answers with the scripted answers in turn and keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    answers: list[tuple[int, Any]]
    seen: list[dict[str, Any]]

    def do_GET(self) -> None:
        """Answer the next scripted answer."""
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.seen.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body})
        status, value = self.answers.pop(0)
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PUT = do_GET  # noqa: N815 - what http.server calls them

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Script]]]:
    script = type("Own", (Script,), {"answers": [], "seen": []})
    http = ThreadingHTTPServer(("127.0.0.1", 0), script)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", script
    http.shutdown()
    thread.join()
    http.server_close()


def test_a_write_is_retried_with_one_idempotency_key(server):
    """A 503 is tried again, and the key is the same, so that the effect is one."""
    url, script = server
    script.answers += [(503, {}), (201, {"id": "s1"})]
    assert Client(url, "k").score("local:E1")["id"] == "s1"
    keys = [seen["headers"]["Idempotency-Key"] for seen in script.seen]
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_two_writes_have_two_idempotency_keys(server):
    """Each call is its own."""
    url, script = server
    script.answers += [(201, {"id": "s1"}), (201, {"id": "s2"})]
    client = Client(url, "k")
    client.score("local:E1")
    client.score("local:E1")
    assert len({seen["headers"]["Idempotency-Key"] for seen in script.seen}) == 2


def test_a_refusal_keeps_its_words_and_members(server):
    """A problem document becomes a `Problem` with everything that it said."""
    url, script = server
    problem = {"type": "/problems/consent-required", "title": "No consent", "detail": "Ask for it.", "enterprise": "x"}
    script.answers += [(403, problem)]
    with pytest.raises(Problem, match="No consent: Ask for it") as caught:
        Client(url, "k").portrait("local:E1")
    assert caught.value.status == 403
    assert caught.value.type == "/problems/consent-required"
    assert caught.value.members["enterprise"] == "x"


def test_a_refusal_that_is_no_json_is_still_readable(server):
    """A proxy's page between us and the suite does not break the client."""
    url, script = server
    script.answers += [(413, b"<h1>too large</h1>")]
    with pytest.raises(Problem, match="too large"):
        Client(url, "k").book()


def test_nobody_there_is_said_with_what_to_do():
    """The error names the address and the command that starts a suite."""
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9.*smecredit up"):
        Client("http://127.0.0.1:9", retries=0).book()


def test_pages_are_followed_to_the_end(server):
    """A list is read cursor by cursor."""
    url, script = server
    script.answers += [(200, {"items": [{"id": "a"}], "next": "c1"}), (200, {"items": [{"id": "b"}], "next": None})]
    assert [entry["id"] for entry in Client(url, "k").enterprises()] == ["a", "b"]
    assert "cursor=c1" in script.seen[1]["path"]


def test_a_failed_job_raises_its_own_problem(server):
    """Waiting ends with the reason that the job left."""
    url, script = server
    failed = {"id": "i", "state": "failed", "progress": None, "problem": {"status": 422, "title": "No sheet"}}
    script.answers += [(200, {"id": "i", "state": "running", "progress": {"done": 1, "total": 2}}), (200, failed)]
    told: list[tuple[int, int | None]] = []
    with pytest.raises(Problem, match="No sheet"):
        Client(url, "k").wait_import("i", lambda done, total: told.append((done, total)))
    assert told == [(1, 2)]


def test_an_upload_is_streamed_again_from_its_start(server, tmp_path):
    """A retry sends the whole file, not its rest."""
    url, script = server
    file = tmp_path / "enterprises.csv"
    file.write_bytes(b"enterprise\n" + b"x" * 100_000)
    script.answers += [(503, {}), (202, {"id": "i"})]
    told: list[int] = []
    Client(url, "k").import_file("enterprises", file, on_sent=lambda done, _: told.append(done))
    assert [seen["body"] for seen in script.seen] == [file.read_bytes()] * 2
    assert max(told) == file.stat().st_size


def test_another_key_uses_the_same_connections_and_no_other_secret(server):
    """`with_key` sends only the new key."""
    url, script = server
    script.answers += [(200, {}), (200, {})]
    first = Client(url, "one")
    first.book()
    first.with_key("two").book()
    assert [seen["headers"]["Authorization"] for seen in script.seen] == ["Bearer one", "Bearer two"]


def test_an_enterprise_id_cannot_leave_its_place_in_the_path(server):
    """A slash in an id is quoted."""
    url, script = server
    script.answers += [(200, {})]
    Client(url, "k").enterprise("local:../book")
    assert script.seen[0]["path"] == "/v1/enterprises/local:..%2Fbook"


def test_a_call_without_a_key_to_repeat_it_is_not_repeated():
    """Only what has one effect is tried again after it may have arrived."""
    wire = Wire("http://127.0.0.1:9", None, timeout=1, connections=1, retries=3)
    assert wire._policy("POST", {}).read == 0
    assert wire._policy("POST", {"Idempotency-Key": "k"}).read == 3


def test_expert_rules_are_proposed_whole_and_decided_by_their_version(server):
    """By their own paths; what is proposed are all rules that are to hold."""
    url, script = server
    script.answers += [(201, {"version": "ovl_1"}), (200, {"state": "confirmed"}), (200, {"state": "withdrawn"})]
    client = Client(url, "k")
    version = client.propose_overlay_rules([{"key": "freeze"}], note="Resolution", valid_from=date(2026, 12, 1))
    states = [act(version["version"])["state"] for act in (client.confirm_overlay_rules, client.withdraw_overlay_rules)]
    assert states == ["confirmed", "withdrawn"]
    assert [seen["path"] for seen in script.seen] == [
        "/v1/overlay-rules",
        "/v1/overlay-rules/ovl_1/confirm",
        "/v1/overlay-rules/ovl_1/withdraw",
    ]
    proposed = {"rules": [{"key": "freeze"}], "note": "Resolution", "valid_from": "2026-12-01"}
    assert json.loads(script.seen[0]["body"]) == proposed
