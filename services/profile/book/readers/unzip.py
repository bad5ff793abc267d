"""Opens a zip that somebody sent: what fails in it is told as its fault, and a full disk of ours is not.

The list of a zip's parts stands at its end. A megabyte of it takes many of memory, and every look at a zip reads it:
so it is handed to `zipfile` where it is short, wherever that finds it and whatever the zip says of how many parts it
has.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from errno import EINVAL
from lzma import LZMAError
from pathlib import Path
from typing import IO, Any, cast

from services.profile.book.readers.sheets import FileTooLarge, UnreadableFile

DAMAGED = "The zip is damaged or cut short; send it again. / 压缩包已损坏或不完整，请重新报送。"
UNUSUAL = (
    "The zip is packed in an unusual way; pack it anew as an ordinary zip (Deflate). "
    "/ 压缩方式不受支持，请重新打成普通 zip。"
)
LOCKED = (
    "The zip is locked by a password; take the password off and send it again. / 压缩包有密码，请去除密码后重新报送。"
)
# Parts of a zip or workbook, and bytes of the list that names them: some four hundred for each. A year of a firm's
# invoices comes in one zip; what lies within another is one invoice.
MOST_ENTRIES, MOST_LISTED = 100_000, 40 << 20
MOST_ENTRIES_WITHIN, MOST_LISTED_WITHIN = 10_000, 4 << 20
# What each part begins with in that list.
LISTED = b"PK\x01\x02"
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# Bits of a part's flags: locked by a password in one way or another; the difference from another file.
PASSWORD, PATCH = 0x41, 0x20


@contextmanager
def unzipped(source: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading; raise `UnreadableFile` for whatever `zipfile` finds wrong with it, also later.

    Raises `FileTooLarge` where it has more parts than are listed, before they are.
    """
    if isinstance(source, Path):
        opened: AbstractContextManager[IO[bytes]] = source.open("rb")
        most = (MOST_ENTRIES, MOST_LISTED)
    else:
        opened = nullcontext(source)
        most = (MOST_ENTRIES_WITHIN, MOST_LISTED_WITHIN)
    try:
        with opened as file, _listed(file, *most) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, ValueError, OverflowError):
        raise UnreadableFile(DAMAGED) from None
    except OSError as error:
        if error.errno not in (EINVAL, None):  # what an offset that lies comes to, and damage in bzip2
            raise
        raise UnreadableFile(DAMAGED) from None


class _Unzipped(zipfile.ZipFile):
    """A zip whose parts are opened where `zipfile` can unpack them."""

    def open(self, name: str | zipfile.ZipInfo, *how: Any, **more: Any) -> IO[bytes]:
        """Open a part; raise `UnreadableFile` where a password locks it or it is packed in another way."""
        entry = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if entry.flag_bits & PASSWORD:
            raise UnreadableFile(LOCKED)
        if entry.flag_bits & PATCH or entry.compress_type not in PACKINGS:
            raise UnreadableFile(UNUSUAL)
        return super().open(entry, *how, **more)


class _Short:
    """A file that gives no more at once than a list of parts may take, until they are listed."""

    def __init__(self, file: IO[bytes], most: int, longest: int) -> None:
        self._file, self._most, self._longest = file, most, longest
        self.listed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        """Read as a file does; raise `FileTooLarge` for too long a list, or too many parts in it."""
        if self.listed:
            return self._file.read(size)
        data = self._file.read(size if 0 <= size <= self._longest else self._longest + 1)
        if len(data) > self._longest or data.count(LISTED) > self._most:
            raise FileTooLarge(
                f"The zip or workbook holds more than {self._most} parts, or a list of them of more than "
                f"{self._longest} bytes; split it and send the parts. / 压缩包或工作簿内的文件超过 {self._most} 个，"
                f"或其目录超过 {self._longest} 字节，请拆分后分别报送。",
                limit_entries=self._most,
                limit_bytes=self._longest,
            )
        return data


def _listed(file: IO[bytes], most: int, longest: int) -> zipfile.ZipFile:
    short = _Short(file, most, longest)
    try:
        archive = _Unzipped(cast("IO[bytes]", short))
    except RuntimeError:  # so `zipfile` says that it does not know a version of the form
        raise UnreadableFile(UNUSUAL) from None
    short.listed = True
    return archive
