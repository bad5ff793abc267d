"""Whether a file can be read within bounded memory: tried in a process of its own, before it is read in ours.

A few kilobytes may unpack to gigabytes in more ways than can be listed: a text that many cells of a workbook share, a
list of empty lists, a cell over a thousand columns, a zip of zips. So a file that is not plainly small is read once
where it may take no more than `Limits.memory`. What ends that process is refused; only what went through is read here.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from chassis.core.errors import Invalid, Refused
from chassis.core.parquet_text import TOO_LARGE, says_memory, was_killed
from services.profile.book.domain.form import Form, WrongColumns
from services.profile.book.readers.archive import reached, sheets_named
from services.profile.book.readers.plain import remove_left
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, MissingSheet, UnreadableFile
from services.profile.book.readers.signature import Sort, sort_of
from services.profile.book.readers.unzip import unzipped

MODULE = "services.profile.book.readers.gauging"
# What no reader makes more than some tens of megabytes of: plain text, records, pages, an old workbook.
SMALL: Final[Mapping[Sort, int]] = {
    Sort.TEXT: 2 << 20,
    Sort.JSON: 1 << 20,
    Sort.HTML: 16 << 10,
    Sort.XLS: 32 << 10,
    # One invoice; its reader takes no longer one.
    Sort.XML: 4 << 20,
    Sort.OFD: 32 << 20,
}
# A workbook unpacked; its texts, were each of its cells the longest of them; and the cells that its sheets reach to.
SMALL_WORKBOOK, SMALL_TEXT, SMALL_CELLS = 4 << 20, 64 << 20, 1 << 22
# The least that a cell which holds a text takes in its sheet: <c t="s"><v>0</v></c>.
CELL_BYTES = 16
GZIP = b"\x1f\x8b"
PACKED = (b"PK", b"PAR1", b"\xd0\xcf", GZIP)
REFUSALS = {one.__name__: one for one in (UnreadableFile, EmptyFile, MissingSheet, FileTooLarge, WrongColumns)}
# A process of the web has other work beside: more than so many are not tried at once.
_AT_ONCE = threading.BoundedSemaphore(2)


def gauged(form: Form, path: Path, limits: Limits) -> Limits:
    """Return limits that say that the file has been tried; raise a `Refused` where it cannot be read within them.

    Raises `RuntimeError` where it could not be tried: a job is tried again then, and its file is not refused.
    """
    if limits.gauged or is_small(path):
        return limits
    asked = json.dumps(
        {
            "path": str(path),
            "kind": form.kind,
            "titles": sorted(form.titles),
            "constants": dict(form.constants),
            "limits": {"unpacked": limits.unpacked, "text": limits.text, "rows": limits.rows, "memory": limits.memory},
            "parent": os.getpid(),
        }
    )
    with _AT_ONCE:
        ended, told, said = _tried(path, asked, limits.seconds)
    if ended is None:
        raise _slow(limits)
    if ended == TOO_LARGE or (was_killed(ended) and says_memory(said)):
        raise _large(path, limits)
    if was_killed(ended):
        raise _fatal(ended, limits)
    if ended:  # a fault of ours, and nothing that a file can be blamed for
        raise RuntimeError(f"a file could not be tried ({ended}): {said[-1000:]}")
    _raise_refusal(json.loads(told))
    return replace(limits, gauged=True)


def _tried(path: Path, asked: str, seconds: float) -> tuple[int | None, str, str]:
    """Return how the process that tries a file ended (not at all, within so many seconds), and what it told and said.

    Nothing stays of it: neither the process, nor what it unpacked.
    """
    child = subprocess.Popen(  # noqa: S603 -- our own module
        [sys.executable, "-P", "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        text=True,
    )
    with child:
        try:
            told, said = child.communicate(asked, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None, "", ""
        else:
            return child.returncode, told, said
        finally:
            child.kill()
            child.wait()
            remove_left(path, child.pid)


def _raise_refusal(told: Mapping[str, Any]) -> None:
    if told:
        kind: Callable[..., Refused] = REFUSALS.get(told["kind"], Invalid)
        raise kind(told["detail"], **told["members"])


def is_small(path: Path) -> bool:
    """Tell, by its size and the sizes of its parts alone, whether a file cannot unpack to much."""
    sort, size = sort_of(path), path.stat().st_size
    if sort == Sort.TEXT and _is_gzip(path):
        size = _unpacked(path, SMALL[sort] + 1)
    if sort in LOOKED_INTO:
        return LOOKED_INTO[sort](path)
    return size <= SMALL[sort]


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


def _unpacked(path: Path, most: int) -> int:
    """Return the bytes that a gzip unpacks to, `most` at most; what is damaged, its reader says."""
    with gzip.open(path) as file, suppress(OSError, EOFError, zlib.error):
        return len(file.read(most))
    return 0


def _is_small_workbook(path: Path) -> bool:
    """Tell whether a workbook holds little, whichever of its parts are its sheets and whichever holds their texts.

    The workbook names them, wherever they lie; one part may be several sheets.
    """
    largest = cells = sheets = 0
    for _, data in _entries(path, SMALL_WORKBOOK):
        # In UTF-16 nothing that is looked for would be found.
        if data is None or len(data) // CELL_BYTES * len(data) > SMALL_TEXT or b"\0" in data[:4]:
            return False
        rows, columns = reached(data)
        largest, cells = max(largest, len(data)), max(cells, rows * columns)
        sheets += sheets_named(data)
    return sheets * (largest // CELL_BYTES * largest) <= SMALL_TEXT and 0 < sheets * cells <= SMALL_CELLS


def _is_small_zip(path: Path) -> bool:
    """Tell whether a zip holds little, and nothing that is packed itself or may be a page."""
    return all(
        data is not None and not data.startswith(PACKED) and (name.lower().endswith(".xml") or len(data) <= 16 << 10)
        for name, data in _entries(path, SMALL[Sort.JSON])
    )


def _is_small_parquet(path: Path) -> bool:
    """Tell whether a file has few cells; how much text they hold is measured wherever one is opened."""
    try:
        plan = pl.scan_parquet(path)
        return bool(plan.select(pl.len()).collect().item() * len(plan.collect_schema()) <= SMALL[Sort.JSON])
    except (OSError, pl.exceptions.PolarsError):
        return True  # its reader says that it is damaged


def _entries(path: Path, most: int) -> Iterator[tuple[str, bytes | None]]:
    """Give the entries of a zip unpacked, while they take less than so many bytes; nothing for what is not."""
    left = most
    try:
        with unzipped(path) as archive:
            for entry in archive.infolist():
                # What a zip says of its sizes is a lie at times: a library in Rust unpacks more.
                entry.file_size = sys.maxsize
                with archive.open(entry) as part:
                    data = part.read(left)
                left -= len(data)
                yield entry.filename, data if left else None
                if not left:
                    return
    except UnreadableFile:
        yield "", None


LOOKED_INTO: Final[Mapping[Sort, Callable[[Path], bool]]] = {
    Sort.XLSX: _is_small_workbook,
    Sort.ZIP: _is_small_zip,
    Sort.PARQUET: _is_small_parquet,
}


def _large(path: Path, limits: Limits) -> FileTooLarge:
    most = limits.memory >> 20
    return FileTooLarge(
        f"To read this file of {path.stat().st_size} bytes takes more than {most} MiB of memory: split it and send the "
        f"parts, shorten long texts, or send it as CSV. / 读取该文件需要超过 {most} MiB 内存，请拆分后分别报送、"
        "缩短长文本，或改用 CSV。",
        limit_bytes=limits.memory,
    )


def _fatal(ended: int, limits: Limits) -> FileTooLarge:
    name, most = signal.Signals(-ended).name, limits.memory >> 20
    return FileTooLarge(
        f"The process that tried this file, with {most} MiB of memory at most, was ended by the system ({name}), so it "
        "is not read: split it and send the parts, or send it as CSV. "
        f"/ 试读该文件的进程（内存上限 {most} MiB）被系统终止（{name}），该文件未读入，请拆分后分别报送，或改用 CSV。",
        limit_bytes=limits.memory,
        signal=name,
    )


def _slow(limits: Limits) -> FileTooLarge:
    return FileTooLarge(
        f"To read this file takes more than {limits.seconds:g} s; split it and send the parts. "
        f"/ 读取该文件超过 {limits.seconds:g} 秒，请拆分后分别报送。",
        limit_seconds=limits.seconds,
    )
