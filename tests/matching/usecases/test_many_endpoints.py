"""Many endpoints at once, some silent, some deleted while a message is under way, and the postman killed twice.

With SMECREDIT_LONG=1 it is done with a hundred endpoints, ten silent and ten deleted, too; `-s` shows the figures.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import quantiles

import pytest
from hook_receivers import Receiver, receiving, silence
from sqlalchemy import func, select

from chassis.core.identity import Caller
from chassis.core.sealing import Sealer
from chassis.data import presence
from chassis.data.crew import Crew, Post
from chassis.data.database import Database
from services.matching.tables import WebhookDelivery
from services.matching.usecases import notify
from services.matching.usecases.deliver import Postman
from services.matching.usecases.tend_endpoint import MOST_ENDPOINTS, register, remove

WITHIN_SECONDS = 5.0
POST = "deliveries"


@dataclass(frozen=True, slots=True)
class Size:
    """How many endpoints there are, how many of them are silent or deleted, and how many events come how often."""

    endpoints: int
    silent: int
    deleted: int
    events: int
    every_seconds: float

    @property
    def clients(self) -> list[str]:
        return [f"client-{number}" for number in range(-(-self.endpoints // MOST_ENDPOINTS))]


class Stage:
    """A crew with a postman, which is started before this process has threads, and endpoints of all kinds."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self.database, self.sealer = database, sealer
        self.kills = 0
        self._crew: BaseProcess | None = None

    def start(self) -> None:
        postman = Postman(self.database, self.sealer, private=True)
        crew = Crew(self.database, [Post(POST, postman.run, postman.hand_back)])
        self.database.dispose()
        self._crew = multiprocessing.get_context("fork").Process(target=crew.run)
        self._crew.start()

    def stop(self) -> None:
        if self._crew is not None:
            self._crew.terminate()
            self._crew.join(20)

    def kill(self) -> None:
        """Kill the process that delivers, as the kernel does."""
        query = select(presence.TABLE.c.pid).where(presence.TABLE.c.post == POST)
        with self.database.read() as session:
            pids = list(session.scalars(query.order_by(presence.TABLE.c.started_at.desc()).limit(1)))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def add(self, number: int, url: str) -> str:
        owner = Caller(f"client-{number // MOST_ENDPOINTS}", "bank", frozenset())
        with self.database.begin() as session:
            return register(session, owner, url, self.sealer, private=True)[0].id

    def remove(self, number: int, hook: str) -> None:
        owner = Caller(f"client-{number // MOST_ENDPOINTS}", "bank", frozenset())
        with self.database.begin() as session:
            remove(session, owner, hook)

    def left_of(self, hooks: list[str]) -> int:
        """Return how many messages to these endpoints are not delivered."""
        row = WebhookDelivery
        query = select(func.count()).where(row.endpoint.in_(hooks), row.state != notify.DELIVERED)
        with self.database.read() as session:
            return session.scalars(query).one()

    def made_at(self) -> dict[str, float]:
        with self.database.read() as session:
            rows = session.execute(select(WebhookDelivery.id, WebhookDelivery.created_at)).all()
        return {row.id: row.created_at.timestamp() for row in rows}


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    database = Database(database_url)
    stage = Stage(database, Sealer((), tmp_path / "key"))
    stage.start()
    yield stage
    stage.stop()
    database.dispose()


@pytest.fixture
def tables_of() -> str:
    return "services.matching"


def test_what_answers_is_told_in_order_and_in_time(stage: Stage) -> None:
    """Twenty endpoints of two clients."""
    strike(stage, Size(endpoints=20, silent=3, deleted=3, events=6, every_seconds=0.8))


@pytest.mark.skipif(not os.environ.get("SMECREDIT_LONG"), reason="takes half a minute: SMECREDIT_LONG=1")
def test_a_hundred_endpoints_are_told_in_order_and_in_time(stage: Stage) -> None:
    """Of ten clients, for half a minute."""
    strike(stage, Size(endpoints=100, silent=10, deleted=10, events=12, every_seconds=2.0))


def strike(stage: Stage, size: Size) -> None:
    """Tell all endpoints of events, kill the postman twice meanwhile, and ask what came of it."""
    with receiving() as receiver, silence() as nobody:
        good = people(stage, size, receiver, nobody)
        for number in range(size.events):
            if number in {size.events // 3, 2 * size.events // 3}:
                stage.kill()
            with stage.database.begin() as session:
                notify.enqueue(session, "application.submit", {"number": number}, clients=size.clients)
            time.sleep(size.every_seconds)
        until(lambda: stage.left_of(list(good.values())) == 0)
        waits = [wait for path in good for wait in waited(stage, receiver, path, size.events)]
        told = sum(len(receiver.got[path]) for path in good)
    assert stage.kills == 2
    slowest = quantiles(waits, n=100)
    print(
        f"\n{size}: {len(good)} that answer, {len(waits)} messages, {told - len(waits)} came twice; until they came: "
        f"half {slowest[49]:.2f} s, 99 of 100 {slowest[98]:.2f} s, all {max(waits):.2f} s"
    )
    assert max(waits) <= WITHIN_SECONDS


def people(stage: Stage, size: Size, receiver: Receiver, nobody: str) -> dict[str, str]:
    """Add the endpoints, the silent and the deleted among all clients; return those that answer, by their path."""
    good: dict[str, str] = {}
    for number in range(size.endpoints):
        kind, path = number % (size.endpoints // size.silent), f"/{number}"
        if kind == 0 and number // (size.endpoints // size.silent) < size.silent:
            stage.add(number, nobody + path)
            continue
        hook = stage.add(number, receiver.url + path)
        if kind == 1 and number // (size.endpoints // size.silent) < size.deleted:
            receiver.during[path] = once(lambda number=number, hook=hook: stage.remove(number, hook))
        else:
            good[path] = hook
    assert len(good) == size.endpoints - size.silent - size.deleted
    return good


def once(act: Callable[[], object]) -> Callable[[], None]:
    """Return what does something the first time that it is called: a message may come twice."""
    acts = [act]

    def do() -> None:
        if acts:
            acts.pop()()

    return do


def waited(stage: Stage, receiver: Receiver, path: str, events: int) -> list[float]:
    """Return how long each message to a path took to come first; all came, and in their order."""
    first: dict[int, float] = {}
    made = stage.made_at()
    for got in receiver.got[path]:
        first.setdefault(got.sequence, got.at - made[got.headers["webhook-id"]])
    assert list(first) == list(range(1, events + 1)), path
    return list(first.values())


def until(claim: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not claim():
        assert time.monotonic() < deadline, "messages are left"
        time.sleep(0.1)
