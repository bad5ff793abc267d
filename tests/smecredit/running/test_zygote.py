"""Processes that a zygote makes are what the same commands would be that were started: code, files, names, ends."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from smecredit.running.commands import LOADED
from smecredit.running.process import Child, Command
from smecredit.running.zygote import AVAILABLE, Zygote, _waits_for_one

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="only Linux adopts orphans and lets us wait for one")
SECONDS = 20.0
# Tells what it finds itself to be, says that it is at work, and does what it is told.
TOLD = """
import json, os, signal, sys
from pathlib import Path
own = Path("/proc/self")
print(json.dumps({
    "argv": sys.argv[1:],
    "name": __name__,
    "environment": dict(os.environ),
    "shown": (own / "cmdline").read_bytes().decode().rstrip(chr(0)).split(chr(0)),
    "shown_environment": sorted(filter(None, (own / "environ").read_bytes().decode().split(chr(0)))),
    "session": os.getsid(0) == os.getpid(),
    "files": sorted(file for file in map(int, os.listdir("/proc/self/fd")) if os.path.exists(f"/proc/self/fd/{file}")),
    "input": os.readlink("/proc/self/fd/0"),
    "threads": len(os.listdir("/proc/self/task")),
    "ignored": [number.name for number in signal.valid_signals() if number in (2, 15)
                and signal.getsignal(number) is signal.SIG_IGN],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "loaded": "colorsys" in sys.modules,
}), flush=True)
os.write(int(os.environ.pop("SMECREDIT_READY_FD")), b".")
exec(sys.argv[1])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the module that processes run."""
    made = tmp_path_factory.mktemp("zygote")
    (made / "told_by_zygote.py").write_text(TOLD)
    return made


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(__file__).parents[3]), str(folder)])
    return {**os.environ, "PYTHONPATH": path, "SMECREDIT_HOME": str(folder)}


@pytest.fixture(scope="module")
def zygote(folder: Path, environment: dict[str, str]) -> Iterator[Zygote]:
    """Return one that has loaded a small module."""
    made = Zygote(["colorsys"], environment, folder / "zygote.log")
    yield made
    made.end()


Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str], zygote: Zygote) -> Iterator[Start]:
    """Return a starter of processes that do something once they have told what they are; by the zygote, or without."""
    children: list[Child] = []

    def begin(does: str, maker: Zygote | None = zygote, **told: str) -> Child:
        command = Command("told", [sys.executable, "-m", "told_by_zygote", does], loaded=True)
        child = Child(command, {**environment, **told}, tmp_path / f"{len(children)}.log", maker)
        children.append(child)
        child.start()
        return child

    yield begin
    for child in children:
        child.end(time.monotonic())


def said(child: Child) -> dict[str, Any]:
    """Return what a process told of itself once it was at work."""
    assert child.at_work(SECONDS)
    told: dict[str, Any] = json.loads(child.last_words().splitlines()[0])
    return told


def ended(child: Child) -> int:
    """Wait for the end of a process and return its exit code."""
    assert child.process
    return child.process.wait(SECONDS)


def test_a_process_finds_itself_as_if_it_had_been_started(start: Start, zygote: Zygote) -> None:
    """Its arguments, environment, open files, session and signals are those of the same command, started plainly."""
    made, plain = said(start("", OWN="1")), said(start("", None, OWN="1"))
    alike = ("argv", "name", "shown", "session", "input", "threads", "ignored", "blocked")
    assert {name: made[name] for name in alike} == {name: plain[name] for name in alike}
    assert made["shown"][1:3] == ["-m", "told_by_zygote"]


def test_a_process_reads_its_own_environment_and_shows_it(start: Start, environment: dict[str, str]) -> None:
    """What the zygote reads is not passed on, and `/proc` tells whose home it is."""
    told = said(start("", SMECREDIT_HOME="/elsewhere/than/the/zygote"))
    own = told["environment"]
    expected = {**environment, "SMECREDIT_HOME": "/elsewhere/than/the/zygote"}
    assert {name: value for name, value in own.items() if name != "SMECREDIT_READY_FD"} == expected
    assert told["shown_environment"] == sorted(f"{name}={value}" for name, value in own.items())


def test_a_process_has_no_file_but_what_it_is_given(start: Start) -> None:
    """Input, output, errors, and the pipe on which it says that it is at work."""
    told = said(start(""))
    pipe = int(told["environment"]["SMECREDIT_READY_FD"])
    assert told["files"] == sorted({0, 1, 2, pipe})


def test_what_was_loaded_is_there(start: Start) -> None:
    assert said(start(""))["loaded"]
    assert not said(start("", None))["loaded"]


def test_what_was_loaded_runs_without_a_warning_and_loads_nothing_again(
    tmp_path: Path, folder: Path, environment: dict[str, str]
) -> None:
    """What the suite runs was loaded under its name; what that imports is the same afterwards."""
    package = folder / "loaded_by_zygote"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "heavy.py").write_text("print('loaded', flush=True)\n")
    (package / "cli.py").write_text("from loaded_by_zygote import heavy\nif __name__ == '__main__': print('ran')\n")
    made = Zygote(["loaded_by_zygote.cli"], environment, folder / "loaded.log")
    command = Command("loaded", [sys.executable, "-m", "loaded_by_zygote.cli"], loaded=True)
    child = Child(command, environment, tmp_path / "loaded.log", made)
    child.start()
    assert ended(child) == 0
    made.end()
    assert (folder / "loaded.log").read_text() == "loaded\n"
    assert child.log.read_text() == "ran\n"


@pytest.mark.parametrize(
    ("does", "code"),
    [("", 0), ("sys.exit(3)", 3), ("sys.exit('in words')", 1), ("1 / 0", 1), ("os._exit(7)", 7)],
)
def test_its_exit_code_is_seen(start: Start, does: str, code: int) -> None:
    child = start(does)
    assert ended(child) == code
    assert child.code() == code


def test_a_signal_amid_an_order_waits_until_the_process_is_known(
    tmp_path: Path, environment: dict[str, str], zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is ended by it ends what it has made, of which nobody else knows."""
    order = zygote._order

    def interrupted(*parts: Any) -> bytes:
        told = order(*parts)
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
        return told

    def end(*_: object) -> None:
        raise InterruptedError

    monkeypatch.setattr(zygote, "_order", interrupted)
    before = signal.signal(signal.SIGHUP, end)
    command = Command("told", [sys.executable, "-m", "told_by_zygote", "signal.pause()"], loaded=True)
    child = Child(command, environment, tmp_path / "amid.log", zygote)
    try:
        with pytest.raises(InterruptedError):
            child.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert child.process
    assert child.code() is None
    child.end(time.monotonic())


def test_a_signal_that_ended_it_is_seen(start: Start) -> None:
    """As `subprocess` tells it, below nought."""
    child = start("signal.pause()")
    said(child)
    assert child.process
    os.kill(child.process.pid, signal.SIGKILL)
    assert ended(child) == -signal.SIGKILL


def test_its_last_words_are_in_its_log(start: Start) -> None:
    """What it wrote and did not flush, the words of its exit, the traceback of what it raised."""
    words = {}
    for does in ("print('unflushed')", "sys.exit('in words')", "1 / 0"):
        child = start(does)
        ended(child)
        words[does] = child.last_words().splitlines()[-1]
    assert list(words.values()) == ["unflushed", "in words", "ZeroDivisionError: division by zero"]


def test_what_is_to_be_done_at_exit_is_done(start: Start) -> None:
    """Also when threads that nobody waits for still run; one that is not a daemon is waited for."""
    child = start(
        "import atexit, threading, time; atexit.register(print, 'at exit'); "
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); "
        "threading.Timer(0.2, print, ['thread ended']).start()"
    )
    assert ended(child) == 0
    assert child.last_words().splitlines()[-2:] == ["thread ended", "at exit"]


def test_it_is_waited_for_no_longer_than_asked(start: Start) -> None:
    child = start("signal.pause()")
    assert child.process
    with pytest.raises(subprocess.TimeoutExpired):
        child.process.wait(0.01)
    assert child.code() is None


def test_two_threads_may_wait_for_it(start: Start) -> None:
    """Both are told its code, whichever of them Linux told."""
    child = start("import time; time.sleep(0.2); sys.exit(6)")
    with ThreadPoolExecutor(4) as waiting:
        assert list(waiting.map(ended, [child] * 4)) == [6] * 4


def test_it_outlives_the_zygote(folder: Path, environment: dict[str, str], start: Start) -> None:
    """kill -9 of what made it ends none, and what is started next is started plainly."""
    killed = Zygote([], environment, folder / "killed.log")
    child = start("signal.pause()", killed)
    said(child)
    assert killed._child
    assert killed._child.process
    os.kill(killed._child.process.pid, signal.SIGKILL)
    killed._child.process.wait()
    assert ended(start("sys.exit(4)", killed)) == 4
    assert child.code() is None


def test_a_system_that_refuses_the_call_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older kernel, or a sandbox: everything is started plainly."""

    def refused(pid: int) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(pid))

    monkeypatch.setattr(os, "pidfd_open", refused)
    assert not _waits_for_one()


def test_its_end_twice_ends_nobody_else(
    folder: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it has ended its id may be another's."""
    made = Zygote([], environment, folder / "twice.log")
    assert not made.loads(SECONDS)
    killed: list[int] = []
    kill = os.killpg
    monkeypatch.setattr(os, "killpg", lambda group, number: killed.append(group) or kill(group, number))
    made.end()
    made.end()
    assert made._child
    assert made._child.process
    assert killed == [made._child.process.pid]


def test_what_cannot_be_loaded_is_started_plainly(folder: Path, environment: dict[str, str], start: Start) -> None:
    """So it tells by itself what is wrong."""
    broken = Zygote(["no_such_module_anywhere"], environment, folder / "broken.log")
    assert ended(start("sys.exit(5)", broken)) == 5
    assert "no_such_module_anywhere" in (folder / "broken.log").read_text()


PARENT = """
import os, sys, time
from pathlib import Path
from smecredit.running.process import Child, Command
from smecredit.running.zygote import Zygote
folder = Path(sys.argv[1])
zygote = Zygote([], dict(os.environ), folder / "zygote.log")
command = Command("told", [sys.executable, "-m", "told_by_zygote", "signal.pause()"], loaded=True)
child = Child(command, dict(os.environ), folder / "told.log", zygote)
child.start()
assert child.at_work(20)
print(child.process.pid, zygote._child.process.pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_its_parent_as_the_zygote_does(tmp_path: Path, environment: dict[str, str]) -> None:
    """kill -9 of who ordered it leaves nobody behind."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.kill()
    deadline = time.monotonic() + SECONDS
    while any(lives(pid) for pid in pids):
        assert time.monotonic() < deadline, "it outlived its parent"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_orphans_of_others_are_not_ours_afterwards(start: Start) -> None:
    """A process below us that loses its parent is not kept as our child: it would stay in the list for ever."""
    said(start("signal.pause()"))
    done = subprocess.run(
        [sys.executable, "-c", "import os, time\nif os.fork() == 0:\n    time.sleep(0.3)\n    print(os.getppid())"],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    assert int(done.stdout) != os.getpid()


def test_what_the_suite_loads_starts_no_pool_of_threads() -> None:
    """A thread of a pool would be missing in each process that is made: only those that outlast a fork may run.

    They are jemalloc's, which it starts anew after a fork, and Polars' cleaner of what was spilled to disk, which waits
    for work that no process here has; OpenBLAS, which ends its threads before a fork, is asked for none.
    """
    code = (
        "import importlib, os, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "for task in os.listdir('/proc/self/task'): print(open(f'/proc/self/task/{task}/comm').read().strip())"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *LOADED], env=environment, capture_output=True, text=True, check=True
    )
    threads = Counter(done.stdout.split())
    assert threads.pop(Path(sys.executable).name) == 1
    assert set(threads) <= {"jemalloc_bg_thd", "polars-ooc-clea"}
