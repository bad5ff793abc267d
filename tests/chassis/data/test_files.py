"""Files by name: the same claims about a folder and about a real object store."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from file_writers import borrow, write
from object_stores import SeaweedFS

from chassis.data.files import Files, Kept, Objects, StoreUnreachable, borrowed, files_at

MEBIBYTE = 1 << 20
spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def files(store_url: str, tmp_path: Path) -> Files:
    return files_at(store_url, tmp_path / "scratch")


def put(files: Files, name: str, content: bytes, *, again: bool = False) -> None:
    with files.writing(name, again=again) as file:
        file.write(content)


@pytest.mark.parametrize("size", [0, 5, 17 * MEBIBYTE])
def test_a_file_is_read_as_it_was_written(files: Files, size: int) -> None:
    """An empty one, a small one, and one that a store takes in parts."""
    content = os.urandom(size)
    put(files, "one/file", content)
    with files.open("one/file") as path:
        assert path.read_bytes() == content
    assert files.read("one/file") == content
    assert files.list() == [Kept("one/file", size)]


@pytest.mark.parametrize("size", [5, 17 * MEBIBYTE])
def test_a_name_is_taken_once(files: Files, size: int) -> None:
    """The same content again changes nothing; other content is refused, and what was there stays."""
    content = bytes(size)
    put(files, "name", content)
    put(files, "name", content)
    with pytest.raises(FileExistsError):
        put(files, "name", b"x" + content)
    assert files.read("name") == content


def test_a_file_may_be_written_again_where_that_is_said(files: Files) -> None:
    put(files, "report", b"first")
    put(files, "report", b"second", again=True)
    assert files.read("report") == b"second"


def test_of_a_writer_that_fails_nothing_is_kept(files: Files, tmp_path: Path) -> None:
    """Nor a draft, which may name persons."""
    with pytest.raises(OSError, match="Invalid argument"), files.writing("half") as file:
        file.truncate(-1)
    assert files.list() == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_begins_so_is_listed_by_name(files: Files) -> None:
    for name in ("imp_2", "imp_1.rejects.csv", "imp_1", "imp_0~~", "imp", "other/imp_1", "other/more/x"):
        put(files, name, b"x")
    assert [each.name for each in files.list("imp_1")] == ["imp_1", "imp_1.rejects.csv"]
    assert [each.name for each in files.list("other/")] == ["other/imp_1", "other/more/x"]
    assert [each.name for each in files.list("none/")] == []


def test_ages_are_told_by_the_clock_of_the_place(files: Files) -> None:
    for name in ("older", "newer"):
        put(files, name, b"x")
        time.sleep(1.1)  # an object store tells whole seconds
    older, newer = (next(iter(files.list(name))) for name in ("older", "newer"))
    assert 0 < older.written < newer.written


def test_what_is_removed_is_gone_and_may_be_removed_again(files: Files) -> None:
    put(files, "name", b"x")
    files.delete("name")
    files.delete("name")
    with pytest.raises(FileNotFoundError), files.open("name"):
        pass
    with pytest.raises(FileNotFoundError):
        files.read("name")


def test_a_name_never_leads_out_of_its_place(files: Files) -> None:
    for name in ("../x", "a/../../x", "/etc/passwd"):
        with pytest.raises(ValueError, match="leads out"):
            files.read(name)


def test_names_are_taken_as_they_are(files: Files) -> None:
    """Spaces, percent signs, brackets and Chinese are parts of a name like others."""
    for name in ("a b", "a%20b", "[x]", "发票.csv"):
        put(files, name, name.encode())
    assert {each.name: files.read(each.name).decode() for each in files.list()} == {
        name: name for name in ("a b", "a%20b", "[x]", "发票.csv")
    }


def test_a_probe_leaves_nothing(files: Files) -> None:
    files.probe()
    assert files.list() == []


def test_a_copy_of_an_object_is_gone_after_its_use(objects_url: str, tmp_path: Path) -> None:
    """With what a reader has written beside it: a file that names persons leaves no trace on this machine."""
    files = files_at(objects_url, tmp_path)
    put(files, "name", b"Zhang San")
    with files.open("name") as path:
        path.with_suffix(".plain").write_bytes(b"Zhang San")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_borrower_left_is_removed_and_of_a_living_one_nothing(tmp_path: Path) -> None:
    """A lock ends with its process; another machine's clock or a long job are no matter."""
    started = [spawn.Event(), spawn.Event()]
    borrowers = [spawn.Process(target=borrow, args=(str(tmp_path), event), daemon=True) for event in started]
    for borrower, event in zip(borrowers, started, strict=True):
        borrower.start()
        assert event.wait(60)
    os.kill(borrowers[0].pid or 0, signal.SIGKILL)
    borrowers[0].join()
    with borrowed(tmp_path) as mine:
        assert len(list(tmp_path.iterdir())) == 2
        assert mine.exists()
    [left] = tmp_path.glob("*/room/copy")
    assert left.read_bytes() == b"Zhang San"
    borrowers[1].kill()


def test_of_a_writer_that_is_killed_nothing_is_kept(store_url: str, tmp_path: Path) -> None:
    begun = spawn.Event()
    writer = spawn.Process(target=write, args=(store_url, str(tmp_path / "scratch"), begun), daemon=True)
    writer.start()
    assert begun.wait(60)
    writer.kill()
    writer.join()
    files = files_at(store_url, tmp_path / "scratch")
    assert files.list() == []
    put(files, "half", b"whole")
    assert files.read("half") == b"whole"


def test_a_store_out_of_reach_is_named_and_found_again(objects_url: str, tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    """What was acknowledged before it was killed is there when it is back; nothing is restarted on our side."""
    files = files_at(objects_url, tmp_path)
    put(files, "name", b"kept")
    with seaweedfs.down():
        for act in (files.probe, files.list, lambda: files.read("name"), lambda: put(files, "other", b"")):
            with pytest.raises(StoreUnreachable) as refusal:
                act()
            assert objects_url in refusal.value.detail
            assert refusal.value.members["retry_after"] > 0
    found = None
    for _ in range(100):
        with suppress(StoreUnreachable):
            found = files.read("name")
            break
        time.sleep(0.2)
    assert found == b"kept"


def test_wrong_credentials_are_told_as_out_of_reach(
    objects_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreUnreachable, match="credentials"):
        Objects(objects_url, tmp_path).list()
