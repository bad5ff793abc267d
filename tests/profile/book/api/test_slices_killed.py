"""A big import whose worker dies in the middle, or is taken for dead: set aside if it kills, never brought in twice."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from profile_house import HEADER, House
from sqlalchemy import update

from chassis.data import jobs, leases
from chassis.data.worker import Worker
from services.profile.book.usecases import bring_slices
from services.profile.jobs import handlers
from services.profile.problems import KINDS

ROWS = 24
# A worker that the kernel kills at the third slice.
DYING = """
import os, pickle, signal, sys
from chassis.data.worker import Worker
from services.profile.book.spill import Spill
from services.profile.composition import make_context
from services.profile.jobs import handlers

left, put = [3], Spill.put

def dying(self, rows):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, rows)

Spill.put = dying
context = make_context(pickle.loads(bytes.fromhex(sys.argv[1])))
Worker(context.database, handlers(context), name=sys.argv[2]).run_once()
"""
FILE = HEADER + "".join(f"E{n % 5},{n},2019/1/4,A{n},1.00,0.13,1.13,有效发票\n" for n in range(ROWS))


@pytest.fixture
def sliced(cottage: House) -> House:
    """Return a house that looks at four rows at once."""
    memory = 4 * bring_slices.ROW_IN_SLICE
    context = replace(cottage.context, settings=replace(cottage.context.settings, import_memory=memory))
    return replace(cottage, context=context, worker=worker(context, "slower"))


def worker(context: Any, name: str | None = None) -> Worker:
    return Worker(context.database, handlers(context), KINDS, name=name)


def sent(house: House) -> str:
    answer = house.client.post("/v1/imports?kind=invoices.purchase&filename=f.csv", data=FILE, headers=house.source)
    return str(answer.json["id"])


def leftovers(house: House) -> list[Path]:
    return list(Path(house.context.settings.uploads).glob("*.slices"))


def held(house: House) -> int:
    lake = house.context.lake
    return int(lake.read(lake.newest(), without=()).height)


def test_an_import_over_which_two_workers_died_is_set_aside_and_can_be_run_again(sliced: House) -> None:
    """Its sender is told; nothing of it is in the book; run again by a worker that lives, all of it is."""
    name = sent(sliced)
    for turn in range(2):
        assert sliced.state(name)["state"] == "queued"
        settings = pickle.dumps(sliced.context.settings).hex()
        died = subprocess.run([sys.executable, "-c", DYING, settings, f"w{turn}"], check=False, capture_output=True)
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert len(leftovers(sliced)) == 1, "the second attempt has removed what the first left"
        leases.hand_back(sliced.context.database, f"w{turn}", "signal 9")
    told = sliced.state(name)
    assert (told["state"], told["problem"]["type"], told["problem"]["killed"]) == ("failed", "/problems/job-killed", 2)
    assert "smaller files" in told["problem"]["detail"]
    assert sliced.context.lake.newest() == 0
    assert not sliced.worker.run_once()
    with sliced.context.database.begin() as session:
        session.execute(update(jobs.TABLE).where(jobs.TABLE.c.id == name).values(state=jobs.QUEUED, killed=0))
    sliced.worker.run_once()
    assert sliced.state(name)["state"] == "done"
    assert (held(sliced), leftovers(sliced)) == (ROWS, [])


def another_is_done_first(house: House) -> None:
    """Take the worker for dead, and let another bring the import in."""
    leases.hand_back(house.context.database, "slower", None)
    assert worker(house.context, "quicker").run_once()


@pytest.mark.parametrize("place", ["looked_at", "_append", "conclude"])
def test_an_import_that_two_workers_hold_is_brought_in_once(
    sliced: House, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The one that was taken for dead goes on, finds what the other has done and adds nothing to it."""
    act: Callable[..., Any] = getattr(bring_slices, place)
    turns: list[str] = []

    def late(*given: Any) -> Any:
        turns.append(place)
        if len(turns) == 1:
            another_is_done_first(sliced)
        return act(*given)

    monkeypatch.setattr(bring_slices, place, late)
    name = sent(sliced)
    sliced.worker.run_once()
    assert len(turns) == 2
    told = sliced.state(name)
    assert (told["state"], told["accepted"]) == ("done", ROWS)
    assert (held(sliced), sliced.context.lake.newest(), leftovers(sliced)) == (ROWS, 1, [])
    assert not sliced.worker.run_once() or sliced.state(name) == told
