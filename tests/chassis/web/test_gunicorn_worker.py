"""The server's worker: every kind of answer is framed so that the next one on the same connection is read right."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from gunicorn.config import Config

from chassis.web import gunicorn_conf
from chassis.web.gunicorn_worker import Worker
from smecredit.running.ports import free_port

GUNICORN = Path(sys.executable).with_name("gunicorn")
APPLICATION = """
from pathlib import Path
from flask import Flask, Response, send_file

app = Flask("frames")

@app.get("/json")
def whole(): return {"value": 1}

@app.get("/nothing")
def nothing(): return Response(status=204)

@app.get("/unchanged")
def unchanged(): return Response(status=304)

@app.get("/pieces")
def pieces(): return Response((piece for piece in ("one", "two")), mimetype="text/plain")

@app.get("/file")
def file(): return send_file(Path(__file__).resolve())
"""
WORKER = "chassis.web.gunicorn_worker.Worker"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("frames")
    (made / "frames.py").write_text(APPLICATION)
    return made


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    """Return the port of a real server with the worker."""
    port = free_port()
    where = ["--bind", f"127.0.0.1:{port}", "--pythonpath", f"{folder},{Path(__file__).parents[2]}"]
    how = ["--worker-class", WORKER, "--threads", "4", "--no-control-socket"]
    server = subprocess.Popen([GUNICORN, *how, *where, "frames:app"], stderr=subprocess.DEVNULL)
    while True:
        try:
            HTTPConnection("127.0.0.1", port, timeout=5).connect()
            break
        except ConnectionRefusedError:
            assert server.poll() is None, "the server did not start"
            time.sleep(0.05)
    yield port
    server.terminate()
    server.wait(20)


def test_answers_of_every_kind_follow_one_another_on_one_connection(port: int, folder: Path) -> None:
    """With a body, without one, in pieces, from a file, and for HEAD; each twice, in an order that mixes them."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    expected = {
        ("GET", "/json"): (200, b'{"value":1}\n'),
        ("HEAD", "/json"): (200, b""),
        ("GET", "/nothing"): (204, b""),
        ("GET", "/pieces"): (200, b"onetwo"),
        ("GET", "/unchanged"): (304, b""),
        ("GET", "/file"): (200, (folder / "frames.py").read_bytes()),
        ("GET", "/missing"): (404, None),
    }
    for method, path in [*expected, *reversed(expected)]:
        connection.request(method, path)
        answer = connection.getresponse()
        status, body = expected[method, path]
        read = answer.read()
        assert (answer.status, read if body is not None else None) == (status, body)
    connection.close()


@pytest.mark.parametrize("header", [b"Purpose: a\0b", b"Idempotency-Key: \0", b"Au\0thorization: x"])
def test_no_header_holds_a_nul(port: int, header: bytes) -> None:
    """It reaches no application, and is refused with a problem like everything else."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /json HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize("name", ["certfile", "keyfile"])
def test_tls_is_refused_at_the_start(name: str, folder: Path) -> None:
    """The poller looks at heads, and cannot look into what is encrypted."""
    given = Config()
    Worker.check_config(given, None)
    given.set(name, str(folder / "frames.py"))
    with pytest.raises(RuntimeError, match="TLS"):
        Worker.check_config(given, None)


def test_no_header_decides_what_a_path_means() -> None:
    """gunicorn would take the path's beginning from a header of whoever asks from this machine."""
    given = Config()
    assert given.forwarder_headers == ["SCRIPT_NAME", "PATH_INFO"]
    given.set("forwarder_headers", gunicorn_conf.forwarder_headers)
    assert given.forwarder_headers == []
