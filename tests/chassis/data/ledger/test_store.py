"""A ledger in a database: no gap, no fork, no entry without its act, and nothing lost that could be proved before."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import MetaData

from chassis.core import merkle
from chassis.data import ledger
from chassis.data.database import Database
from chassis.data.ledger import store
from chassis.data.ledger.entry import hidden, written
from smecredit.ledger import Checkpoint, consistent, included

METADATA = MetaData()
ledger.declare(METADATA)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database of each kind with an empty ledger."""
    opened = Database(database_url)
    METADATA.create_all(opened.engine)
    with opened.begin() as session:
        ledger.begin(session)
    yield opened
    opened.dispose()


def entries(*names: str) -> list[ledger.Entry]:
    return [ledger.Entry("access", name, "bank-1", {"consent": "con_1"}) for name in names]


def enter(database: Database, *names: str) -> range:
    with database.begin() as session:
        return ledger.append(session, entries(*names))


def checkpoint(database: Database, size: int) -> Checkpoint:
    with database.read() as session:
        return Checkpoint("test", size, store.root_at(session, size))


def test_entries_are_numbered_without_a_gap(database: Database) -> None:
    assert [list(enter(database, "a", "b")), list(enter(database)), list(enter(database, "c"))] == [[0, 1], [], [2]]


def test_an_entry_is_gone_with_the_act_that_was_rolled_back(database: Database) -> None:
    enter(database, "a")
    with contextlib.suppress(RuntimeError), database.begin() as session:
        ledger.append(session, entries("b"))
        raise RuntimeError
    assert list(enter(database, "c")) == [1]
    assert checkpoint(database, 2).root == expected_root(database)


def expected_root(database: Database) -> bytes:
    """Return the root over the leaves as they are stored, worked out anew."""
    with database.read() as session:
        size = store.head(session).size
        hashes = [merkle.leaf_hash(store.entry(session, number).leaf) for number in range(size)]
    return merkle.root_of(merkle.grown(0, [], hashes)[1])


def test_every_entry_and_every_earlier_size_are_proved_from_the_tables(database: Database) -> None:
    """By the client's verifier, which shares no code with them."""
    for part in (3, 1, 4, 1, 5):
        enter(database, *map(str, range(part)))
    now = checkpoint(database, 14)
    with database.read() as session:
        proofs = store.inclusions(session, range(14), 14)
        for number, proof in proofs.items():
            included(store.entry(session, number).leaf, number, proof, now)
        for old in range(1, 15):
            consistent(checkpoint(database, old), now, store.consistency(session, old, 14))


def test_ten_writers_at_once_make_one_log(database: Database) -> None:
    """Each number once, and the root is that of all leaves in their order."""
    taken: list[int] = []

    def work(writer: int) -> None:
        for turn in range(5):
            taken.extend(enter(database, f"{writer}-{turn}", f"{writer}-{turn}-b"))

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(100))
    with database.read() as session:
        assert store.head(session).root == expected_root(database)


def test_a_leaf_names_nobody(database: Database) -> None:
    """Neither the enterprise nor the client can be read in it, and the same two look different in the next one."""
    enter(database, "uscc:91350100M000100Y43", "uscc:91350100M000100Y43")
    with database.read() as session:
        first, second = store.entry(session, 0), store.entry(session, 1)
    assert b"91350100M000100Y43" not in first.leaf
    assert b"bank-1" not in first.leaf
    assert first.leaf != second.leaf


def test_what_is_sealed_is_known_by_the_salt_alone(database: Database) -> None:
    """Two entries with one digest look different, so whoever can compute it does not find them."""
    sealed = [ledger.Entry("score", "a", bank, {"score": "s"}, {"features_sha256": "f" * 64}) for bank in ("b", "c")]
    with database.begin() as session:
        ledger.append(session, sealed)
    with database.read() as session:
        kept = [store.entry(session, number) for number in (0, 1)]
    said = [orjson.loads(each.leaf)["facts"]["features_sha256"] for each in kept]
    assert said[0] != said[1]
    assert said == [hidden("f" * 64, each.salt) for each in kept if each.salt is not None]


def test_who_has_the_salt_can_show_whose_an_entry_is(database: Database) -> None:
    enter(database, "local:E1")
    with database.read() as session:
        kept = store.entry(session, 0)
    at = datetime.fromisoformat(orjson.loads(kept.leaf)["at"]).astimezone(UTC)
    assert kept.salt is not None
    assert written(entries("local:E1")[0], at, kept.salt) == kept.leaf


def test_a_forgotten_entry_is_nobody_s_and_still_proved(database: Database) -> None:
    """Its leaf stays as it was; that it was somebody's cannot be told any more."""
    enter(database, "a", "b", "c")
    before = checkpoint(database, 3)
    with database.begin() as session:
        ledger.forget(session, [1])
    with database.read() as session:
        kept = store.entry(session, 1)
        assert (kept.subject, kept.actor, kept.salt) == (None, None, None)
        included(kept.leaf, 1, store.inclusions(session, [1], 3)[1], before)
        assert [each.n for each in store.entries_of(session, ["a", "b", "c"], None, 9)] == [2, 0]


def test_a_reader_pages_through_what_concerns_it(database: Database) -> None:
    enter(database, *["a", "b"] * 5)
    with database.read() as session:
        first = store.entries_of(session, ["a"], None, 3)
        second = store.entries_of(session, ["a"], first[-1].n, 3)
    assert [each.n for each in (*first, *second)] == [8, 6, 4, 2, 0]


def test_a_reader_of_several_names_sees_each_entry_once_in_order(database: Database) -> None:
    """What concerns it and what it made itself, the newest first."""
    enter(database, "a", "bank-1", "b", "a")
    with database.read() as session:
        assert [each.n for each in store.entries_of(session, ["bank-1", "a"], None, 3)] == [3, 2, 1]


@pytest.mark.parametrize("number", [1, 1 << 63, 10**30])
def test_an_entry_that_is_not_there_is_not_found(database: Database, number: int) -> None:
    """Also under a number that no column holds."""
    enter(database, "a")
    with database.read() as session, pytest.raises(store.EntryNotFound):
        store.entry(session, number)


@pytest.mark.parametrize("size", [4, -1])
def test_a_size_that_is_not_there_yet_is_refused(database: Database, size: int) -> None:
    enter(database, "a", "b", "c")
    with database.read() as session, pytest.raises(store.EntryNotFound):
        store.root_at(session, size)
