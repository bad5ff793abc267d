"""What disks and databases tell when they cannot, in the words of a refusal."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from databases import Server
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.core.errors import DatabaseDamaged, NotWritable, UpstreamUnavailable
from chassis.data.database import Database
from chassis.data.storage import Writing, folder_probe, passes, refusal_of, where_writable


def run(database: Database, statements: Sequence[str]) -> None:
    with database.connection(writes=True) as connection:
        for statement in statements:
            connection.execute(text(statement))


def failure(database: Database, *statements: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        run(database, statements)
    return caught.value


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_cannot_keep_is_told_by_its_number_or_by_its_words(number: int) -> None:
    """The lake's writer is not Python: it tells the number in a sentence."""
    for error in (OSError(number, os.strerror(number)), ValueError(f"Generic error: x (os error {number})")):
        assert isinstance(refusal_of(error), NotWritable)


def test_what_has_nothing_to_do_with_disks_stays_what_it_is() -> None:
    """A slip in the code is no full disk."""
    for error in (ValueError("x"), FileNotFoundError(errno.ENOENT, "x"), KeyError("(os error 2)")):
        assert refusal_of(error) is None


def test_a_database_that_takes_no_writes_or_goes_away_says_so(postgresql: Server) -> None:
    """A session that an administrator ends is no fault of the caller, nor ours."""
    url = postgresql.make()
    database = Database(url)
    read_only = failure(database, "SET TRANSACTION READ ONLY", "CREATE TABLE t (a int)")
    assert isinstance(refusal_of(read_only), NotWritable)
    assert passes(read_only)
    gone = refusal_of(failure(database, "SELECT pg_terminate_backend(pg_backend_pid())"))
    assert isinstance(gone, UpstreamUnavailable)
    assert not isinstance(gone, NotWritable)
    slip = failure(database, "SELECT no_such_column")
    assert (refusal_of(slip), passes(slip)) == (None, False)
    database.probe()
    database.dispose()
    postgresql.drop(url)


def test_a_server_that_takes_no_connection_does_not_answer_just_now(tmp_path: Path) -> None:
    """It was killed, and nobody listens yet: no state is told with that."""
    database = Database(f"postgresql://postgres:@/none?host={tmp_path}")
    told = refusal_of(failure(database, "SELECT 1"))
    assert isinstance(told, UpstreamUnavailable)
    assert not isinstance(told, NotWritable)


def test_a_damaged_database_is_told_as_such(tmp_path: Path) -> None:
    """It is no fault without a name, and no disk that is full."""
    (tmp_path / "a.db").write_bytes(b"no database at all, " * 100)
    database = Database(f"sqlite:///{tmp_path}/a.db")
    assert isinstance(refusal_of(failure(database, "SELECT 1")), DatabaseDamaged)
    database.dispose()


def test_readiness_writes_once_in_a_while_and_names_what_fails(tmp_path: Path) -> None:
    """A look is good for three seconds; then it is looked at again, and nothing is left behind."""
    moment = [0.0]
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    probes = {"lake": folder_probe(tmp_path / "lake"), "uploads": folder_probe(tmp_path / "taken")}
    writing = Writing(probes, monotonic=lambda: moment[0])
    with pytest.raises(NotWritable, match="uploads") as caught:
        writing.check()
    assert "lake" not in str(caught.value)
    assert list((tmp_path / "lake").iterdir()) == []
    (tmp_path / "taken").unlink()
    with pytest.raises(NotWritable):
        writing.check()
    moment[0] = 3.0
    writing.check()


def test_what_only_saves_work_later_is_done_without_on_a_full_disk() -> None:
    """Every other error is told."""
    with where_writable():
        raise OSError(errno.ENOSPC, "x")
    with pytest.raises(KeyError), where_writable():
        raise KeyError("x")
