"""A lake in an object store: what it costs, what this machine keeps of it, what is left when something dies."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lake_writers import NOW, append_and_die, append_many, rows
from object_stores import SeaweedFS

from chassis.data.files import Cache, Kept, Objects, StoreUnreachable
from chassis.data.files.cache import IN_USE_SECONDS
from services.profile.book import lake as lakes
from services.profile.book import mirror
from services.profile.book.domain.departure import Departure, names_of
from services.profile.book.domain.invoice import DATASET
from services.profile.book.lake import Lake

spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def store_url(objects_url: str) -> str:
    """Return an object store: of a folder these claims are none."""
    return objects_url


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the requests that this process makes from now on."""
    made: list[str] = []
    ask = Objects.ask

    def noted(self: Objects, act: Callable[[], Any]) -> Any:
        made.append(act.__qualname__)
        return ask(self, act)

    monkeypatch.setattr(Objects, "ask", noted)
    return made


def numbers(lake: Lake, version: int | None = None) -> list[str]:
    return sorted(lake.read(lake.newest() if version is None else version, without=())["number"])


def copies(folder: Path) -> list[Path]:
    return [path for path in (folder / "copies").rglob("*.parquet") if path.is_file()]


def test_what_was_read_once_is_read_again_without_a_request(lake: Lake, asked: list[str]) -> None:
    """Whether others have erased something is asked every two seconds, in one request."""
    lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    assert numbers(lake, 1) == ["1", "2"]
    asked.clear()
    for _ in range(5):
        assert numbers(lake, 1) == ["1", "2"]
    assert len(asked) <= 1
    lake.newest()
    assert len(asked) <= 2


def test_a_small_import_costs_few_requests(lake: Lake, asked: list[str]) -> None:
    """Its file, its entry, and the log before; nothing of what it wrote is asked for again."""
    lake.append(rows(1), "imp_1", {}, now=NOW)
    asked.clear()
    commit = lake.append(rows(2), "imp_2", {}, now=NOW)
    assert numbers(lake, commit.version) == ["1", "2"]
    assert len(asked) <= 4


def test_a_machine_that_starts_fetches_the_log_from_the_last_checkpoint_on(
    store_url: str, open_lake: Callable[..., Lake], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[str]
) -> None:
    """And what came before where somebody asks for an older version, or for an import of then."""
    monkeypatch.setitem(lakes.CONFIGURATION, "delta.checkpointInterval", "5")
    lake = open_lake()
    lake.create()
    for number in range(1, 14):
        lake.append(rows(number), f"imp_{number}", {}, now=NOW)
    asked.clear()
    other = open_lake("another")
    assert other.newest() == 13
    entries = sorted(path.name for path in (tmp_path / "another").rglob("*.json") if "tags" not in path.parts)
    assert [int(name[:20]) for name in entries] == [9, 10, 11, 12, 13]
    assert len(asked) <= 9
    assert numbers(other, 2) == ["1", "2"]
    assert other.committed("imp_3") == lake.committed("imp_3")
    assert numbers(other) == numbers(lake)


def test_a_copy_that_is_not_whole_is_never_read(lake: Lake, tmp_path: Path) -> None:
    """A machine that lost its power may have left one: it is fetched again."""
    lake.append(rows(1), "imp_1", {}, now=NOW)
    [copy] = copies(tmp_path / "this")
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    assert numbers(lake) == ["1"]
    assert copy.read_bytes() == whole


def test_copies_stay_within_their_bound_and_those_used_last_stay(tmp_path: Path) -> None:
    """What was used in the last minutes stays even beyond it: somebody may be about to read it."""
    cache = Cache(tmp_path, most_bytes=25)
    room = cache.room("a")
    files = [Kept(f"f{place}", 10) for place in range(4)]
    [*old, _, _] = room.copies(files, lambda _, path: path.write_bytes(bytes(10)) and None)
    assert cache.trim() == 40
    for place, path in enumerate(old):
        used = time.time() - IN_USE_SECONDS - 100 + place
        os.utime(path, (used, used))
    assert cache.trim() == 20
    assert [path.name for path in sorted((tmp_path / "copies" / "a").iterdir())] == ["f2", "f3"]


def test_what_another_machine_erased_is_gone_from_this_one(
    lake: Lake, open_lake: Callable[..., Lake], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copies are removed at the next look, without a restart: an answer cannot come from them."""
    lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    other = open_lake("another")
    assert numbers(other) == ["1", "2"]
    before = copies(tmp_path / "another")
    [name] = names_of(DATASET, lake.read(1, without=()).filter(number="1"))
    assert lake.shred([Departure("local:E1", "invoices", name)]) == 1
    monkeypatch.setattr(mirror, "FRESH_SECONDS", 0.0)
    assert numbers(other, 1) == ["2"]
    assert not [path for path in (*before, *copies(tmp_path / "this")) if path in before and path.exists()]


def test_files_that_are_gone_are_listed_again_at_once(lake: Lake, open_lake: Callable[..., Lake]) -> None:
    """A machine that has listed them and not yet fetched them hears from the store that they are gone."""
    lake.append(rows(1, 2), "imp_1", {}, now=NOW)
    other = open_lake("another")
    assert other._files.at(1).height == 1
    [name] = names_of(DATASET, lake.read(1, without=()).filter(number="1"))
    lake.shred([Departure("local:E1", "invoices", name)])
    assert numbers(other, 1) == ["2"]


def test_a_lake_that_was_put_back_to_an_earlier_state_is_seen(lake: Lake, store_url: str, tmp_path: Path) -> None:
    """What this machine knows of a later one is worth nothing: the check of book and lake must not be blind."""
    lake.append(rows(1), "imp_1", {}, now=NOW)
    lake.append(rows(2), "imp_2", {}, now=NOW)
    Objects(f"{store_url}/lake", tmp_path).delete(f"_delta_log/{2:020}.json")
    assert lake.newest() == 1
    assert lake.committed("imp_2") is None
    lake.append(rows(3), "imp_3", {}, now=NOW)
    assert numbers(lake) == ["1", "3"]


def test_an_entry_whose_answer_was_lost_is_not_written_twice(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store took it and the second attempt is told that it is taken: it is our own."""
    import obstore  # noqa: PLC0415 -- an extra
    from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415

    put = obstore.put

    def late(store: Any, name: str, *more: Any, **how: Any) -> Any:
        told = put(store, name, *more, **how)
        if "_delta_log" in name:
            raise AlreadyExistsError(name)
        return told

    monkeypatch.setattr(obstore, "put", late)
    commit = lake.append(rows(1), "imp_1", {}, now=NOW)
    assert (commit.version, lake.newest(), numbers(lake)) == (1, 1, ["1"])


def test_several_machines_append_at_once_and_nothing_is_lost(lake: Lake, store_url: str, tmp_path: Path) -> None:
    """Each import has a version of its own."""
    work = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    writers = [
        spawn.Process(target=append_many, args=(f"{store_url}/lake", str(tmp_path / f"m{place}"), part))
        for place, part in enumerate(work)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert numbers(lake) == [str(number) for number in range(1, 10)]
    assert sorted(lake.commits()) == list(range(1, 10))


def test_a_writer_killed_before_its_entry_has_written_nothing(lake: Lake, store_url: str, tmp_path: Path) -> None:
    """Its data lie in the store and nobody names them; the job that is taken again appends them once."""
    writer = spawn.Process(target=append_and_die, args=(f"{store_url}/lake", str(tmp_path / "dying"), 1))
    writer.start()
    writer.join(120)
    assert writer.exitcode == -9
    assert (lake.newest(), lake.committed("imp_1")) == (0, None)
    lake.append(rows(1), "imp_1", {}, now=NOW)
    assert numbers(lake) == ["1"]


def test_while_the_store_is_away_what_is_here_is_read_and_nothing_is_written(
    lake: Lake, store_url: str, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For ten minutes at most, since erasures would not be heard of; then it is told as out of reach, by its name."""
    lake.append(rows(1), "imp_1", {}, now=NOW)
    assert numbers(lake) == ["1"]
    monkeypatch.setattr(mirror, "FRESH_SECONDS", 0.0)
    with seaweedfs.down():
        assert numbers(lake, 1) == ["1"]
        with pytest.raises(StoreUnreachable, match=store_url):
            lake.append(rows(2), "imp_2", {}, now=NOW)
        monkeypatch.setattr(mirror, "ALONE_SECONDS", 0.0)
        with pytest.raises(StoreUnreachable, match=store_url):
            numbers(lake, 1)
    time.sleep(1.1)  # the breaker tries again after a second
    assert lake.append(rows(2), "imp_2", {}, now=NOW).version == 2
    assert numbers(lake) == ["1", "2"]
