"""The stages of the long form: one machine on a disk of its own behind a proxy, and many machines on their servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from faults.damage import DAMAGES, copied
from faults.fault import Fault
from faults.hosts import DiskFull, ReadOnly, StoppedAtWork, clocks
from faults.kills import KILLS
from faults.run import SETTINGS
from faults.servers import SERVERS
from faults.stage import Stage, through
from faults.upstream import Mode, Proxy, Upstream
from small_disk import small_disk

from smecredit.report import Reporter
from smecredit.running import journey
from smecredit.running.demo import SYNTHETIC, sandbox_products
from smecredit.running.folder import sources
from smecredit.running.ports import Addresses, free_port

DISK_MEGABYTES = 700
ONE_MACHINE, MANY_MACHINES = "one machine", "many machines"
# A stage, what may be struck there, and what has to be done before it is used.
Theatre = tuple[Stage, Sequence[Fault], Callable[[], None]]


@contextmanager
def one_machine(folder: Path, demonstration: Path) -> Iterator[Theatre]:
    """Give SQLite and files, on a disk of its own where one may be mounted, with a proxy before the profile service."""
    with ExitStack() as undo:
        port = free_port()
        proxy = Proxy(Addresses(port).port_of("profile"))
        undo.callback(proxy.close)
        faults: list[Fault] = [*KILLS, StoppedAtWork(), *clocks(), *DAMAGES]
        faults += [Upstream(proxy, mode) for mode in (Mode.STALL, Mode.CUT, Mode.HALF)]
        place = folder / "disk"
        try:
            undo.enter_context(small_disk(place, DISK_MEGABYTES))
            faults += [DiskFull(), ReadOnly()]
        except pytest.skip.Exception as why:
            print(f"left out: {why}", flush=True)
        stage = Stage(place / "home", port, **SETTINGS, **through(proxy.url))
        yield stage, faults, lambda: copied(demonstration, stage.home)


@contextmanager
def many_machines(folder: Path, demonstration: Path) -> Iterator[Theatre]:
    """Give PostgreSQL, object store, Redis and an engine, with the demonstration's files loaded anew."""
    below, home = folder / "servers", folder / "many" / "home"
    below.mkdir()
    home.mkdir(parents=True)
    stage = Stage(home, free_port(), below, **SETTINGS)
    yield stage, [*KILLS, StoppedAtWork(), *SERVERS], lambda: _load(stage, demonstration.parent / "sandbox")


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
