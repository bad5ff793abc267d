"""The stages of the long form: one machine on a disk of its own, and many machines on their servers.

On both a proxy stands before the profile service.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from demonstrations import of_sixty_firms
from faults.damage import copied, damages
from faults.fault import Fault
from faults.hosts import DiskFull, ReadOnly, StoppedAtWork, clocks
from faults.kills import kills
from faults.run import SETTINGS
from faults.servers import servers
from faults.stage import Stage, through
from faults.upstream import Proxy, upstreams
from small_disk import small_disk

from smecredit.report import Reporter
from smecredit.running import journey
from smecredit.running.demo import SYNTHETIC, sandbox_products
from smecredit.running.folder import sources
from smecredit.running.ports import Addresses, free_port

DISK_MEGABYTES = 700
ONE_MACHINE, MANY_MACHINES = "one machine", "many machines"


class Grounds:
    """What the stages begin with, made once in a folder: a demonstration's home, and the same loaded into servers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)

    def one_machine(self, stage: Stage) -> None:
        """Give a stage the home of a demonstration."""
        copied(of_sixty_firms(self._folder / "demonstration").home, stage.home)

    def many_machines(self, stage: Stage) -> None:
        """Give a stage what its servers and its home are to hold: the demonstration's files, loaded anew once."""
        assert stage.below
        loaded = self._folder / "loaded"
        places = ((loaded / "servers", stage.below), (loaded / "home", stage.home))
        if not loaded.exists():
            _load(stage, of_sixty_firms(self._folder / "demonstration").home.parent / "sandbox")
            loaded.mkdir()
            for kept, place in places:
                _copy(place, kept)
            return
        for kept, place in places:
            place.rmdir()
            _copy(kept, place)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with whose files are whose: PostgreSQL's are another user's."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


# A stage, what may be struck there, and what has to be done before it is used.
Theatre = tuple[Stage, Sequence[Fault], Callable[[Grounds], None]]


@contextmanager
def one_machine(folder: Path) -> Iterator[Theatre]:
    """Give SQLite and files, on a disk of its own where one may be mounted."""
    with ExitStack() as undo:
        port = free_port()
        proxy = undo.enter_context(_proxy(port))
        faults: list[Fault] = [*kills(), StoppedAtWork(), *clocks(), *damages(), *upstreams(proxy)]
        place = folder / "disk"
        try:
            undo.enter_context(small_disk(place, DISK_MEGABYTES))
            faults += [DiskFull(), ReadOnly()]
        except pytest.skip.Exception as why:
            print(f"left out: {why}", flush=True)
        stage = Stage(place / "home", port, **SETTINGS, **through(proxy.url))
        yield stage, faults, lambda grounds: grounds.one_machine(stage)


@contextmanager
def many_machines(folder: Path) -> Iterator[Theatre]:
    """Give PostgreSQL, object store, Redis and an engine, with the demonstration's files loaded anew."""
    below, home = folder / "servers", folder / "many" / "home"
    below.mkdir()
    home.mkdir(parents=True)
    port = free_port()
    with _proxy(port) as proxy:
        stage = Stage(home, port, below, **SETTINGS, **through(proxy.url))
        faults = [*kills(), StoppedAtWork(), *clocks(), *servers(), *upstreams(proxy)]
        yield stage, faults, lambda grounds: grounds.many_machines(stage)


@contextmanager
def _proxy(port: int) -> Iterator[Proxy]:
    """Give a proxy before the profile service of a suite at a port."""
    with closing(Proxy(Addresses(port).port_of("profile"))) as proxy:
        yield proxy


def _load(stage: Stage, sandbox: Path) -> None:
    """Load the files of a demonstration, and do what is done there before anybody is scored."""
    (folder,) = sandbox.iterdir()
    stage.start()
    try:
        clients, report = journey.Clients(stage.url, stage.keys), Reporter()
        journey.import_all(clients, sources(folder), report)
        journey.date_book(clients)
        journey.consent_all(clients, report)
        journey.train(clients, report, SYNTHETIC, 7)
        journey.publish(clients, sandbox_products(), report)
    finally:
        stage.stop()


THEATRES = {ONE_MACHINE: one_machine, MANY_MACHINES: many_machines}
