"""kill -9 of a process that records reads, at random moments: act and entry are there together, or neither is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from profile_house import House, open_house
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core import merkle
from chassis.core.identity import Verifier
from chassis.data.ledger import store
from services.profile.rights import tables
from smecredit.ledger import Checkpoint, included

ROOT = Path(__file__).resolve().parents[2]
KILLS = 40


@pytest.fixture
def house(database_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return a profile service on a database of each kind."""
    return open_house(database_url, tmp_path, verifier, tokens)


@pytest.fixture
def acknowledged(house: House) -> list[int]:
    """Return how many acts were acknowledged to each of the recorders that were killed on the house's database."""
    script = [sys.executable, str(ROOT / "tests" / "killed_recorders.py")]
    told = subprocess.run(
        [*script, house.context.settings.database_url, house.consent(), str(KILLS)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return [int(line) for line in told.stdout.split()]


def test_after_many_kills_each_read_has_its_entry_and_each_entry_its_read(
    house: House, acknowledged: list[int]
) -> None:
    """What was acknowledged is there; of what was not at most the act that the kill fell into is there, and whole."""
    with house.context.database.begin() as session:
        entries = verified(session)
        reads = session.execute(select(tables.Access.id, tables.Access.ledger_entry, tables.Access.request_id)).all()
    told = {each["facts"]["access"]: number for number, each in enumerate(entries) if each["kind"] == "access"}
    assert told == {read.id: read.ledger_entry for read in reads}
    assert len(acknowledged) == KILLS
    acts = {read.request_id for read in reads}
    assert sum(acknowledged) <= len(acts) <= sum(acknowledged) + KILLS


def verified(session: Session) -> list[dict[str, Any]]:
    """Return all entries of a ledger whose tree is that of its leaves and proves each of them to the client."""
    # The lock waits for a server that still holds what a killed recorder sent it.
    size, peaks = session.execute(store.HEAD.select().with_for_update()).one()[1:]
    leaves = list(session.scalars(select(store.ENTRIES.c.leaf).order_by(store.ENTRIES.c.n)))
    assert list(session.scalars(select(store.ENTRIES.c.n).order_by(store.ENTRIES.c.n))) == list(range(size))
    made, tops = merkle.grown(0, [], map(merkle.leaf_hash, leaves))
    assert {(node.level, node.place): node.hash for node in session.execute(select(store.NODES))} == made
    assert peaks == b"".join(tops)
    head = Checkpoint("test", size, store.root_at(session, size))
    for number, proof in store.inclusions(session, range(size), size).items():
        included(leaves[number], number, proof, head)
    return [orjson.loads(leaf) for leaf in leaves]
