"""What the suite makes of a part's readiness while it waits for it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from chassis.core.errors import Unready, UpstreamUnavailable
from chassis.core.identity import Verifier
from chassis.web.app import make_app
from smecredit.running.commands import CannotStart
from smecredit.running.process import Command
from smecredit.running.suite import Suite, _ready


@contextmanager
def part(verifier: Verifier, check: Callable[[], None]) -> Iterator[int]:
    """Run a part with one check of readiness, and give its port."""
    server = make_server("127.0.0.1", 0, make_app("profile", verifier=verifier, checks={"lake": check}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


REASON = "profile cannot work until this is put right:\n  lake: The lake stands at version 1"


def behind() -> None:
    raise Unready("The lake stands at version 1, the database at version 3: `smecredit rebuild`.")


def silent() -> None:
    raise UpstreamUnavailable("The object store does not answer.")


def test_a_lake_that_does_not_fit_is_told_at_once(verifier: Verifier) -> None:
    """Nobody waits a minute and a half for what only the operator can put right; the message is the service's own."""
    with part(verifier, behind) as port, pytest.raises(CannotStart, match=REASON):
        _ready("profile", port)


def test_what_comes_by_itself_is_waited_for(verifier: Verifier) -> None:
    """A store that does not answer yet, and a part that does not listen yet."""
    with part(verifier, silent) as port:
        assert not _ready("profile", port)
    assert not _ready("profile", port)


def test_a_part_that_says_so_is_ready(verifier: Verifier) -> None:
    with part(verifier, lambda: None) as port:
        assert _ready("profile", port)


def test_a_database_that_cannot_be_migrated_ends_no_running_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked to take new code, it says why it does not, and goes on as it is."""
    said = list[str]()
    suite = Suite(tmp_path, say=said.append)

    def full(*_: object) -> None:
        raise CannotStart("profile-migrate failed: no space is left")

    monkeypatch.setattr(suite, "_run_all", full)
    suite.roll()
    assert said[-1].splitlines() == [
        "profile-migrate failed: no space is left",
        "nothing was exchanged; what ran before goes on",
    ]


# The first of its kind stays; the next says that it is at work once the other has been started again.
EXCHANGED = """
import os, pathlib, sys, time
home = pathlib.Path(sys.argv[1])
if (home / "first").exists():
    (home / "rolling").touch()
    while not (home / "again").exists():
        time.sleep(0.01)
(home / "first").touch()
os.write(int(os.environ["SMECREDIT_READY_FD"]), b".")
time.sleep(600)
"""
# It dies while the other is exchanged, once.
DYING = """
import os, pathlib, sys, time
home = pathlib.Path(sys.argv[1])
while not (home / "rolling").exists():
    time.sleep(0.01)
if not (home / "died").exists():
    (home / "died").touch()
    sys.exit(3)
(home / "again").touch()
os.write(int(os.environ["SMECREDIT_READY_FD"]), b".")
time.sleep(600)
"""


def test_a_part_that_dies_while_another_is_exchanged_is_started_again_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new process comes to work only after that: who looked after nobody would wait for it in vain."""
    monkeypatch.setattr("smecredit.running.suite.READY_SECONDS", 20.0)
    said: list[str] = []
    suite = Suite(tmp_path, say=said.append)
    monkeypatch.setattr(suite, "_prepare", lambda: None)
    commands = [
        Command(name, (sys.executable, "-c", code, str(tmp_path)))
        for name, code in (("exchanged", EXCHANGED), ("dying", DYING))
    ]
    try:
        suite._start_all(commands)
        assert suite._children[0].at_work(20.0)
        suite.roll()
    finally:
        suite._stop()
    assert said == [
        "dying stopped (exit code 3): starting it again",
        "exchanged was exchanged",
        "dying was exchanged",
    ]
