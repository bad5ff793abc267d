"""One walk over a text file in pieces: unpacked, measured, its encoding told; UTF-16 becomes UTF-8 on the way."""

from __future__ import annotations

import gzip
import os
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from services.profile.book.readers.plain import beside
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, UnreadableFile

GZIP = b"\x1f\x8b"
CHUNK, HEAD = 1 << 20, 1 << 16
WIDE = (BOM_UTF16_LE, BOM_UTF16_BE)
UTF8, UTF16, GB18030 = "utf-8", "utf-16", "gb18030"


@dataclass(frozen=True, slots=True)
class Walked:
    """What one walk over a text file found."""

    path: Path
    lines: int
    utf8: bool
    # By the parity of its quotation marks, no row ends for longer than a line may be. Polars would hold all of that,
    # several times over, as one value; the `csv` module refuses it, or sees that the mark stood inside a value.
    open_quote: bool
    ended: bool  # the last line has its line end


@contextmanager
def unpacked(path: Path, limits: Limits) -> Iterator[Walked]:
    """Walk over the file once; what is packed, UTF-16 or of an old Macintosh goes to a file beside it, then removed."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    packed = head.startswith(GZIP)
    if not packed and not head.startswith(WIDE) and not _is_macintosh(head):
        yield _walk(path, _chunks(path.open("rb")), None, limits)
        return
    handle, plain_path = beside(path)
    try:
        source = _chunks(cast("BinaryIO", gzip.GzipFile(path)) if packed else path.open("rb"))
        with os.fdopen(handle, "wb") as plain:
            walked = _walk(plain_path, _with_line_ends(_narrow(source)), plain, limits)
        yield walked
    finally:
        plain_path.unlink(missing_ok=True)


def _is_macintosh(head: bytes) -> bool:
    """Tell whether lines end as an old Macintosh ended them, which some programs still offer."""
    return b"\r" in head and b"\n" not in head


def _with_line_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    macintosh = _is_macintosh(first[:HEAD])
    for chunk in chain((first,), chunks):
        yield chunk.replace(b"\r", b"\n") if macintosh else chunk


def _narrow(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Give the chunks as they are, or as UTF-8 where the first begins with the mark of UTF-16."""
    first = next(chunks, b"")
    if not first.startswith(WIDE):
        yield first
        yield from chunks
        return
    decoder = getincrementaldecoder(UTF16)()
    try:
        yield decoder.decode(first).encode(UTF8)
        for chunk in chunks:
            yield decoder.decode(chunk).encode(UTF8)
        yield decoder.decode(b"", True).encode(UTF8)
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise UnreadableFile(
            "The UTF-16 text is damaged or cut short; save it as UTF-8 and send that. "
            "/ UTF-16 文本已损坏，请另存为 UTF-8 后报送。"
        ) from None


def _walk(target: Path, chunks: Iterator[bytes], plain: BinaryIO | None, limits: Limits) -> Walked:
    decoder = getincrementaldecoder(UTF8)()
    size = lines = open_line = 0
    utf8, rows = True, _RowEnds()
    last = b""
    for chunk in filter(None, chunks):
        size += len(chunk)
        if size > limits.unpacked:
            raise FileTooLarge(
                f"The file unpacks to more than {limits.unpacked >> 20} MiB; split it and send the parts. "
                "/ 文件解压后过大，请拆分后分别报送。",
                limit_bytes=limits.unpacked,
            )
        if b"\0" in chunk:
            raise UnreadableFile(
                "The file is not text (it holds NUL bytes); save it as UTF-8. "
                "/ 文件不是文本（含 NUL 字节），请另存为 UTF-8 后报送。",
                line=lines + 1,
            )
        breaks = chunk.count(b"\n")
        open_line = len(chunk) - 1 - chunk.rfind(b"\n") if breaks else open_line + len(chunk)
        lines += breaks
        if open_line > limits.line:
            raise UnreadableFile(
                f"Line {lines + 1} is longer than {limits.line >> 10} KiB; is this a table with line ends? "
                "/ 该行过长，请确认这是一张带换行的表。",
                line=lines + 1,
            )
        utf8 = utf8 and _continues(decoder, chunk)
        rows.see(chunk)
        last = chunk
        if plain is not None:
            plain.write(chunk)
    if size == 0:
        raise EmptyFile(
            "The file is empty; send it again with a header line and rows. / 文件为空，请报送含表头和数据的文件。"
        )
    utf8 = utf8 and _continues(decoder, b"", final=True)
    ended = last.endswith(b"\n")
    return Walked(target, lines + (not ended), utf8, rows.longest > limits.line, ended)


class _RowEnds:
    """Follows the line ends outside quotation marks and tells how long, at chunk ends, none was met."""

    def __init__(self) -> None:
        self._quoted = 0
        self._since = 0
        self.longest = 0

    def see(self, chunk: bytes) -> None:
        end, quoted = len(chunk), self._quoted ^ (chunk.count(b'"') & 1)
        self._quoted, self._since = quoted, self._since + len(chunk)
        # Backwards, since the last line end nearly always is the end of a row.
        while (before := chunk.rfind(b"\n", 0, end)) >= 0:
            quoted ^= chunk.count(b'"', before, end) & 1
            if not quoted:
                self._since = len(chunk) - 1 - before
                break
            end = before
        self.longest = max(self.longest, self._since)


def _continues(decoder: object, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)  # type: ignore[attr-defined]
    except UnicodeDecodeError:
        return False
    return True


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    read = 0
    try:
        with source:
            while chunk := source.read(CHUNK):
                read += len(chunk)
                yield chunk
    except EOFError:
        raise UnreadableFile(
            f"The gzip file is cut short: it ends after {read} unpacked bytes; send it again. "
            "/ gzip 文件不完整，请重新报送。",
            unpacked_bytes=read,
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise UnreadableFile(
            f"The gzip file is damaged after {read} unpacked bytes; send it again. / gzip 文件已损坏，请重新报送。",
            unpacked_bytes=read,
        ) from None
