"""When what has to be kept cannot be: a disk that is full, read-only or failing, a database that is gone or damaged.

Libraries tell of it in errors of many kinds. Here they become refusals that say what is wrong and what to do, and
readiness finds out by a small durable write before a request does.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError

from chassis.core.errors import DatabaseDamaged, NotWritable, Refused, UpstreamUnavailable

RETRY_SECONDS = 10
# How long a look is good for: readiness may be asked many times a second.
PROBE_SECONDS = 3.0
# More than the disk may find room for in a block that it has begun.
PROBE_BYTES = 1 << 14
FULL, READ_ONLY, FAILING = "no space is left", "the disk is read-only", "the disk fails"
BY_ERRNO = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: READ_ONLY, errno.EIO: FAILING, errno.EFBIG: FULL}
# What the lake's writer, which is not Python, tells of such errors.
SAID = re.compile(r"\(os error (\d+)\)|(No space left on device)|(Read-only file system)")
BY_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: FAILING,
    sqlite3.SQLITE_CANTOPEN: "a file cannot be opened",
}
DAMAGED_SQLITE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
BUSY_SQLITE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
# The classes and states by which PostgreSQL tells that it has no room, takes no writes, or is going away.
NO_ROOM, TAKES_NO_WRITES, BROKEN_DISK, GONE = "53", "25006", "58", ("08", "57P")
TOO_MANY_CONNECTIONS = "53300"

log = structlog.get_logger()


def refusal_of(error: BaseException) -> Refused | None:
    """Return the refusal that an error of a disk or a database comes to, None where it is another's."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError) and error.errno in BY_ERRNO:
        return not_writable(BY_ERRNO[error.errno])
    if isinstance(error, Refused) or not (said := SAID.search(str(error))):
        return None
    number = int(said[1]) if said[1] else errno.ENOSPC if said[2] else errno.EROFS
    return not_writable(BY_ERRNO[number]) if number in BY_ERRNO else None


def passes(error: DBAPIError) -> bool:
    """Tell whether a database's error is not the statement's: it restarts, is locked, or takes no writes just now.

    Whoever works in the background looks again later.
    """
    return isinstance(error, OperationalError) or refusal_of(error) is not None


@contextmanager
def where_writable() -> Iterator[None]:
    """Do something that saves work later and is done without on a disk that cannot be written."""
    try:
        yield
    except Exception as error:
        if not isinstance(refusal_of(error), NotWritable):
            raise
        log.warning("not kept", error=type(error).__name__)


def not_writable(what: str, where: str = "") -> NotWritable:
    """Return the refusal of whoever would have to write."""
    return NotWritable(
        f"What has to be kept cannot be written{where and f' ({where})'}: {what}. Nothing was carried out; try again "
        "later. The operator makes room. / 数据暂时无法写入，本次操作未执行，请稍后重试；请运营方检查磁盘空间与状态。",
        retry_after=RETRY_SECONDS,
    )


def cannot(error: DBAPIError) -> str | None:
    """Return why a database cannot write, None where that is not what it tells."""
    if (code := _sqlite_code(error)) is not None:
        return BY_SQLITE.get(code)
    state = _state(error)
    if state.startswith(NO_ROOM) and state != TOO_MANY_CONNECTIONS:
        return FULL
    return "it takes no writes" if state == TAKES_NO_WRITES else FAILING if state.startswith(BROKEN_DISK) else None


def _of_database(error: DBAPIError) -> Refused | None:
    if what := cannot(error):
        return not_writable(what, "database")
    code, state = _sqlite_code(error), _state(error)
    if code in DAMAGED_SQLITE:
        return DatabaseDamaged(
            "The database's file is damaged. Restore it from a backup; `smecredit verify` tells what is affected. / "
            "数据库文件已损坏，请运营方用备份恢复；可用 `smecredit verify` 查看受影响的内容。"
        )
    busy = code in BUSY_SQLITE or state == TOO_MANY_CONNECTIONS
    # A server that takes no connection tells no state.
    unreached = isinstance(error, OperationalError) and code is None and not state
    if busy or unreached or error.connection_invalidated or state.startswith(GONE):
        return UpstreamUnavailable(
            "The database does not answer just now; try again in a moment. / 数据库暂时不可用，请稍后重试。",
            retry_after=1,
        )
    return None


def _sqlite_code(error: DBAPIError) -> int | None:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


class Writing:
    """Whether what a service keeps can be written: by small durable writes, `probes` by the name of what they write to.

    A look is good for `PROBE_SECONDS`, so that it costs next to nothing however often it is asked for.
    """

    def __init__(
        self, probes: Mapping[str, Callable[[], object]], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._probes, self._monotonic = dict(probes), monotonic
        self._turn = threading.Lock()
        self._found: tuple[float, list[str]] | None = None

    def check(self) -> None:
        """Raise `NotWritable` naming what cannot be written."""
        with self._turn:
            if self._found is None or self._monotonic() - self._found[0] >= PROBE_SECONDS:
                failing = [f"{name}: {what}" for name, probe in self._probes.items() if (what := _told(probe))]
                self._found = self._monotonic(), failing
            failing = self._found[1]
        if failing:
            raise not_writable("; ".join(failing))


def folder_probe(folder: Path) -> Callable[[], None]:
    """Return what writes a little to a folder durably and removes it; it raises where that cannot be done."""

    def probe() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".writable-{os.getpid()}"
        try:
            with path.open("wb") as file:
                file.write(b"\0" * PROBE_BYTES)
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)

    return probe


def _told(probe: Callable[[], object]) -> str | None:
    try:
        probe()
    except OSError as error:
        return BY_ERRNO.get(error.errno or 0) or error.strerror or type(error).__name__
    except DBAPIError as error:
        return cannot(error) or type(error.orig).__name__
    except Refused as refusal:
        return refusal.detail.partition(" / ")[0]
    return None
