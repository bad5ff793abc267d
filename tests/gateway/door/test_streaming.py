"""Large bodies through a gateway that is served as in production: none of them sits in its memory."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from chassis.data import migrations
from chassis.data.database import Database
from gateway.identity.registry import Clients
from gateway.identity.store import Client
from gateway.settings import DEVELOPMENT_PEPPER

MEBI = 1 << 20
UPLOAD = 192 * MEBI
# What the interpreter's own buffers and a second thread may add; a twentieth of the upload would be 10 MB.
ALLOWED_GROWTH = 16 * MEBI
CONF = Path(__file__).parents[3] / "chassis" / "web" / "gunicorn_conf.py"


@dataclass
class Served:
    """A gateway in a process of its own."""

    url: str
    key: str
    worker: int

    def memory(self) -> int:
        """Return the most memory that the worker ever held, in bytes."""
        status = Path(f"/proc/{self.worker}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) * 1024


@pytest.fixture(scope="module")
def served(lasting_service: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a gateway served by gunicorn in front of the test's server."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to read a process's memory")
    home = tmp_path_factory.mktemp("home")
    database = Database(f"sqlite:///{home / 'gateway.db'}")
    migrations.upgrade(database, "gateway")
    (key,) = Clients(database, DEVELOPMENT_PEPPER.encode()).add([Client("source-1", "source")])
    environ = {f"{name}_URL": lasting_service.url for name in ("PROFILE", "SCORING", "MATCHING")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("gunicorn"), "--config", CONF),
            *("--bind", f"127.0.0.1:{port}", "gateway.app:create_app()"),
        ],
        env={**os.environ, **environ, "SMECREDIT_HOME": str(home)},
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        (worker,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Served(url, key.text, int(worker))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def service(lasting_service: Any) -> Any:
    """Return the server with nothing asked of it yet."""
    lasting_service.asked.clear()
    return lasting_service


def test_a_large_upload_passes_whole_and_is_not_held(served: Served, service: Any) -> None:
    """192 MB by length arrive byte for byte; the gateway's peak memory hardly moves."""
    piece = os.urandom(MEBI)
    _post(served, [piece])
    before = served.memory()
    answer = _post(served, [piece] * (UPLOAD // MEBI))
    expected = hashlib.sha256(piece * (UPLOAD // MEBI)).hexdigest()
    assert (answer["received"], answer["sha256"]) == (UPLOAD, expected)
    assert served.memory() - before < ALLOWED_GROWTH


def test_an_upload_of_unknown_length_passes_whole_and_is_not_held(served: Served, service: Any) -> None:
    """The same in chunks (RFC 9112 section 7.1)."""
    piece = os.urandom(MEBI)
    _post(served, [piece], chunked=True)
    before = served.memory()
    answer = _post(served, [piece] * 64, chunked=True)
    assert answer["received"] == 64 * MEBI
    assert served.memory() - before < ALLOWED_GROWTH


def test_a_large_answer_passes_whole_and_is_not_held(served: Served, service: Any) -> None:
    """A download is handed on as it arrives."""
    body = os.urandom(MEBI) * 96
    service.answers["/v1/imports/i/rejects"] = (200, {"Content-Type": "text/csv"}, body)
    _post(served, [b"x"])
    before = served.memory()
    answer = urllib3.request(
        "GET",
        f"{served.url}/v1/imports/i/rejects",
        headers={"Authorization": f"Bearer {served.key}"},
        preload_content=False,
    )
    digest = hashlib.sha256()
    for piece in answer.stream(MEBI):
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(body).digest()
    assert served.memory() - before < ALLOWED_GROWTH


def test_a_sender_who_breaks_off_leaves_no_whole_upload(served: Served, service: Any) -> None:
    """The service sees a broken connection, and the gateway goes on."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = (
            "POST /v1/imports HTTP/1.1",
            "Host: x",
            f"Authorization: Bearer {served.key}",
            "Content-Length: 9000000",
        )
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + b"x" * MEBI)
    assert _post(served, [b"x"])["received"] == 1
    assert [each["received"] for each in service.asked if each["path"].startswith("/v1/imports")] == [1]


def _post(served: Served, pieces: list[bytes], *, chunked: bool = False) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "text/csv"}
    if not chunked:
        headers["Content-Length"] = str(sum(len(piece) for piece in pieces))
    answer = urllib3.request("POST", f"{served.url}/v1/imports", body=iter(pieces), headers=headers, retries=False)
    assert answer.status == 200, answer.data
    account: dict[str, Any] = answer.json()
    return account


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the gateway did not start"
        try:
            urllib3.request("GET", f"{url}/livez", retries=False, timeout=1)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the gateway did not answer within a minute")
