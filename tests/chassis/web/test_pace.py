"""A connection holds a thread only as long as its other side sends and takes at a decent pace."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from chassis.web.pace import Paced
from smecredit.running.ports import free_port

THREADS = 4
APPLICATION = """
from flask import Flask, request

app = Flask("paced")

@app.get("/json")
def whole(): return {"value": 1}

@app.post("/body")
def body(): return {"length": len(request.get_data())}

@app.post("/refused")
def refused(): return {"why": "too large"}, 413

@app.get("/patient")
def patient():
    request.environ["gunicorn.socket"].begin(1000.0)
    return {}

@app.get("/grace")
def grace(): return {"grace": request.environ["gunicorn.socket"]._grace}

@app.post("/hasty")
def hasty():
    request.environ["gunicorn.socket"].begin(0.0)
    return {"length": len(request.get_data())}
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of a real server with few threads."""
    folder, port = tmp_path_factory.mktemp("paced"), free_port()
    (folder / "paced.py").write_text(APPLICATION)
    where = ["--bind", f"127.0.0.1:{port}", "--pythonpath", f"{folder},{ROOT}"]
    how = ["--worker-class", "chassis.web.gunicorn_worker.Worker", "--threads", str(THREADS), "--no-control-socket"]
    gunicorn = Path(sys.executable).with_name("gunicorn")
    server = subprocess.Popen([gunicorn, *how, *where, "paced:app"], stderr=subprocess.DEVNULL)
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


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answered(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/json")
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("sent", [b"", b"GET /json HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"\r\n\r\n", b"P"])
def test_a_head_that_is_not_whole_holds_no_thread(port: int, sent: bytes) -> None:
    """Twice as many connections as threads wait for the rest of theirs; another's request is answered."""
    waiting = [connected(port) for _ in range(2 * THREADS)]
    for each in waiting:
        each.sendall(sent)
    assert answered(port) == 200
    for each in waiting:
        each.close()


def test_who_is_refused_a_large_body_learns_why(port: int) -> None:
    """Though nobody reads it: what is still sent is drained, so that no reset takes the answer with it."""
    size = 20 << 20
    with connected(port) as connection:
        connection.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        connection.sendall(bytes(size))
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_head_in_pieces_is_read_whole(port: int) -> None:
    """The poller waits for more than it has seen, on a new connection and on a kept one."""
    with connected(port) as connection:
        for _ in range(2):
            for piece in (b"GET /js", b"on HTTP/1.1\r\nHo", b"st: x\r\n", b"\r\n"):
                connection.sendall(piece)
                time.sleep(0.15)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_half_a_head_on_the_heels_of_a_request_holds_no_thread(port: int) -> None:
    """A kept connection goes back to the poller."""
    waiting = [connected(port) for _ in range(2 * THREADS)]
    for each in waiting:
        each.sendall(b"GET /json HTTP/1.1\r\nHost: x\r\n\r\n")
        assert each.recv(1000).startswith(b"HTTP/1.1 200 ")
        each.sendall(b"GET /json HTTP/1.1\r\nHo")
    assert answered(port) == 200
    for each in waiting:
        each.sendall(b"st: x\r\n\r\n")
        assert each.recv(1000).startswith(b"HTTP/1.1 200 ")
        each.close()


def test_half_a_head_in_the_packet_of_a_request_holds_no_thread(port: int) -> None:
    """What was read with the request before is kept, and its rest is waited for by the poller, however long."""
    waiting = [connected(port) for _ in range(2 * THREADS)]
    for each in waiting:
        each.sendall(b"GET /json HTTP/1.1\r\nHost: x\r\n\r\nGET /json HTTP/1.1\r\nHo")
        assert each.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert answered(port) == 200
    time.sleep(1.2)
    for each in waiting:
        each.sendall(b"st: x\r\n")
    time.sleep(0.2)
    for each in waiting:
        each.sendall(b"\r\n")
        assert each.recv(1000).startswith(b"HTTP/1.1 200 ")
        each.close()


def test_requests_on_the_heels_of_one_another_are_answered_within_one_grace(port: int) -> None:
    """However they are cut; the grace begins anew when the poller hands the connection over."""
    with connected(port) as connection:
        connection.sendall(
            b"GET /patient HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /grace HTTP/1.1\r\nHost: x\r\n\r\n" * 300
        )
        received = b""
        while received.count(b'{"grace":') < 300:
            received += (piece := connection.recv(1 << 16))
            assert piece
        assert b'{"grace":1000.0}' in received
        time.sleep(0.5)
        connection.sendall(b"GET /grace HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b'{"grace":10.0}' in connection.recv(1000)


def test_who_sends_too_slowly_reads_its_answer(port: int) -> None:
    """The rest of the body is still taken for a moment: else the answer would be lost by a reset."""
    with connected(port) as connection:
        connection.sendall(b"POST /hasty HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        time.sleep(1)
        for _ in range(3):
            connection.sendall(bytes(20_000))
            time.sleep(0.1)
        received = b""
        while piece := connection.recv(1000):
            received += piece
        assert received.endswith(b'{"length":3}\n')


def test_a_sender_that_goes_away_within_its_head_is_let_go(port: int) -> None:
    """Half a head and the end: no thread waits for the rest, and the poller does not spin."""
    with connected(port) as connection:
        connection.sendall(b"GET /json HTTP/1.1\r\nHo")
        time.sleep(0.2)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""


def test_an_endless_head_is_431(port: int) -> None:
    """However many fields gunicorn would take."""
    with connected(port) as connection:
        connection.sendall(b"GET /json HTTP/1.1\r\nHost: x\r\n" + (b"X-Long: " + b"a" * 4000 + b"\r\n") * 9)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_who_does_not_close_its_side_stops_nobody(port: int) -> None:
    """The end of one connection is waited for beside the others: another is answered while it still takes bytes."""
    with connected(port) as lingering:
        lingering.sendall(b"GET /json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b""
        while piece := lingering.recv(1000):
            received += piece
        assert received.startswith(b"HTTP/1.1 200 ")
        assert answered(port) == 200
        lingering.sendall(b"x")
        time.sleep(0.05)
        lingering.sendall(b"x")  # else its side would be closed by now, and this refused


def pair() -> tuple[Paced, socket.socket]:
    ours, theirs = socket.socketpair()
    return Paced(ours), theirs


def test_a_body_that_stops_coming_is_ended() -> None:
    """The reader meets an end, as if the sender had gone, and once more when it asks again."""
    ours, theirs = pair()
    ours.begin(0.01)
    theirs.sendall(b"ab")
    assert ours.recv(10) == b"ab"
    assert (ours.recv(10), ours.recv(10), ours.late) == (b"", b"", True)


def test_bytes_one_by_one_are_too_slow_and_a_decent_pace_is_not() -> None:
    """The grace is for all of a request, not for each of its bytes."""
    ours, theirs = pair()
    ours.begin(0.05)
    for _ in range(10):
        theirs.sendall(bytes(1000))
        assert len(ours.recv(2000)) == 1000
    ours.begin(-1)
    theirs.sendall(b"a")
    assert (ours.recv(10), ours.recv(10)) == (b"a", b"")


def test_a_service_waits_longer_at_once_for_callers_of_ours() -> None:
    """A slow reader at the gateway has it read in pieces of hundreds of kilobytes; the pace counts all the same."""
    for stand, behind in ((None, True), (60.0, False), (11.0, True)):
        paced = Paced(socket.socketpair()[0], stand)
        paced._moved = 1 << 20
        assert paced._behind(time.perf_counter() - 12.0, 0) is behind


def test_an_answer_that_nobody_takes_is_broken_off() -> None:
    """A thread is not held by a reader that reads nothing."""
    ours, _theirs = pair()
    ours.begin(0.01)
    with pytest.raises(BrokenPipeError):
        ours.sendall(bytes(8 << 20))
