"""`smecredit up` as an operator meets it: everything starts, mends itself, and stops without a trace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from urllib3 import PoolManager, Retry

from smecredit.running.ports import free_port

COMMAND = Path(sys.executable).with_name("smecredit")
PARTS = ("gateway", "profile", "scoring", "matching")
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Up:
    """A suite started by the command."""

    process: subprocess.Popen[str]
    home: Path
    port: int

    def children(self) -> dict[int, str]:
        """The pids that belong to this home, with their command lines, except the command itself."""
        mark = f"SMECREDIT_HOME={self.home}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.process.pid:
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except (PermissionError, FileNotFoundError, ProcessLookupError):
                    continue
        return {pid: line for pid, line in found.items() if line}


def start(home: Path) -> Up:
    """Run `smecredit up` and wait until it says that it is ready."""
    port = free_port()
    process = subprocess.Popen(
        [COMMAND, "up", "--port", str(port)],
        env={**os.environ, "SMECREDIT_HOME": str(home)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("Ctrl-C"):
            return Up(process, home, port)
    raise AssertionError("".join(said))


def until(claim: Callable[[], bool]) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = start(tmp_path_factory.mktemp("home"))
    yield running
    running.process.terminate()
    running.process.wait(PATIENCE_SECONDS)


def test_gateway_and_services_are_ready(up):
    """All four answer `/readyz` when the command says that it is ready."""
    for step in range(len(PARTS)):
        with urllib.request.urlopen(f"http://127.0.0.1:{up.port + step}/readyz") as answer:
            assert answer.status == 200


def test_metrics_are_told_at_ports_of_their_own(up):
    """Four behind those of the parts; at theirs there is no such route."""
    for step in range(len(PARTS)):
        with urllib.request.urlopen(f"http://127.0.0.1:{up.port + len(PARTS) + step}/metrics") as answer:
            assert b"http_request_duration_seconds" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{up.port + step}/metrics")


def test_the_keys_are_for_their_owner_only(up):
    """The development keys are written with mode 0600."""
    assert (up.home / "keys.json").stat().st_mode & 0o777 == 0o600


def test_a_killed_worker_is_started_again(up):
    """kill -9 of a crew, or of one worker in it, costs nobody their work for long."""

    def workers() -> dict[int, int]:
        """Return the workers of the profile service, each with its parent."""
        found = {pid for pid, line in up.children().items() if "services.profile.cli worker" in line}
        return {pid: parent for pid in found if (parent := parent_of(pid))}

    def crews() -> set[int]:
        return {pid for pid, parent in workers().items() if parent == up.process.pid}

    (crew,) = crews()
    until(lambda: len(workers()) > 1)
    members, one = len(workers()), next(pid for pid in workers() if pid != crew)
    os.kill(one, signal.SIGKILL)
    until(lambda: one not in workers() and len(workers()) == members)
    assert crews() == {crew}
    os.kill(crew, signal.SIGKILL)
    until(lambda: bool(crews() - {crew}) and len(workers()) >= members)


def test_an_exchange_of_all_processes_refuses_no_request(up):
    """SIGHUP under load: everything is another process afterwards, and every request had its answer.

    Half of the callers open a connection each time. The others keep theirs, and take a new one where it was closed
    while they were silent, as every client of HTTP does.
    """
    before = {pid for pid in up.children() if parent_of(pid) == up.process.pid}
    key = json.loads((up.home / "keys.json").read_text())["source-demo"]
    answers: list[int] = []
    done = threading.Event()

    def ask(*, kept: bool) -> None:
        pool, more = PoolManager(retries=Retry(1) if kept else False), {} if kept else {"Connection": "close"}
        headers = {"Authorization": f"Bearer {key}", **more}
        while not done.wait(0.02):
            answers.append(pool.request("GET", f"http://127.0.0.1:{up.port}/v1/book", headers=headers).status)

    def all_exchanged() -> bool:
        now = {pid for pid in up.children() if parent_of(pid) == up.process.pid}
        return not before & now and len(now) == len(before)

    with ThreadPoolExecutor(4) as callers:
        asking = [callers.submit(ask, kept=number % 2 == 0) for number in range(4)]
        up.process.send_signal(signal.SIGHUP)
        try:
            until(all_exchanged)
        finally:
            done.set()
    assert [caller.exception() for caller in asking] == [None] * 4
    assert set(answers) == {200}


def test_while_a_service_starts_anew_requests_wait(up):
    """kill -9 of a web process: who asks meanwhile is answered by the next one."""
    (profile,) = [
        pid
        for pid, line in up.children().items()
        if "services.profile.app" in line and parent_of(pid) == up.process.pid
    ]
    os.killpg(profile, signal.SIGKILL)
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port + 1}/livez", timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200


def parent_of(pid: int) -> int | None:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def test_a_second_suite_on_the_same_home_is_refused(up):
    """Two suites on one folder would fight for its data."""
    done = subprocess.run(
        [COMMAND, "up", "--port", str(free_port())],
        env={**os.environ, "SMECREDIT_HOME": str(up.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "another suite runs on" in done.stderr


def test_a_busy_port_is_named_before_anything_starts(up, tmp_path):
    """The error says which port, and how to choose another."""
    done = subprocess.run(
        [COMMAND, "up", "--port", str(up.port)],
        env={**os.environ, "SMECREDIT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"port {up.port} is in use" in done.stderr
    assert "--port" in done.stderr
    assert not list(tmp_path.glob("*.db"))


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that one suite after another is started on: only the first has to prepare it."""
    return tmp_path_factory.mktemp("lasting")


def test_ctrl_c_stops_everything_cleanly(lasting):
    """Exit code 0 and no process left."""
    ends_cleanly(start(lasting), signal.SIGINT)


def test_nothing_survives_the_death_of_the_command(lasting):
    """Even kill -9 of the command leaves no orphans."""
    running = start(lasting)
    running.process.kill()
    running.process.wait()
    until(lambda: running.children() == {})


def test_a_part_that_cannot_start_shows_its_last_words(tmp_path):
    """A broken setting ends the start with the part's own message, and nothing keeps running."""
    done = subprocess.run(
        [COMMAND, "up", "--port", str(free_port())],
        env={**os.environ, "SMECREDIT_HOME": str(tmp_path), "GATEWAY_TRUSTED_PROXIES": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "GATEWAY_TRUSTED_PROXIES" in done.stderr


def test_sigterm_stops_everything_cleanly(up):
    """As Ctrl-C does; it is the last test of this suite, which ends with it."""
    ends_cleanly(up, signal.SIGTERM)


def ends_cleanly(running: Up, number: signal.Signals) -> None:
    assert len(running.children()) >= 2 * len(PARTS) - 1
    running.process.send_signal(number)
    assert running.process.wait(PATIENCE_SECONDS) == 0
    assert running.children() == {}
