"""The one table in a zip, as offices and banks hand them out."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from services.profile.book.readers.plain import beside
from services.profile.book.readers.sheets import FileTooLarge, Limits
from services.profile.book.readers.unzip import unzipped

CHUNK = 1 << 20
TABLES = (".xlsx", ".xls", ".csv", ".txt", ".json", ".parquet")


@contextmanager
def table_in(path: Path, limits: Limits) -> Iterator[Path | None]:
    """Unpack the table of a zip that holds one, to a file beside it that is removed afterwards; None for any other."""
    plain = _unpacked(path, limits)
    try:
        yield plain
    finally:
        if plain is not None:
            plain.unlink(missing_ok=True)


def _unpacked(path: Path, limits: Limits) -> Path | None:
    with unzipped(path) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir() and not is_hidden(one.filename)]
        if len(entries) != 1 or not entries[0].filename.lower().endswith(TABLES):
            return None
        handle, plain = beside(path)
        try:
            _unpack(archive, entries[0], handle, limits)
        except BaseException:
            plain.unlink(missing_ok=True)
            raise
        return plain


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, handle: int, limits: Limits) -> None:
    size = 0
    with os.fdopen(handle, "wb") as plain, archive.open(entry) as packed:
        # What a zip says of its sizes may be a lie: never more than this is unpacked.
        while piece := packed.read(CHUNK):
            size += len(piece)
            if size > limits.unpacked:
                raise FileTooLarge(
                    f"The zip unpacks to more than {limits.unpacked >> 20} MiB; split the table and send the parts. "
                    "/ 压缩包解压后过大，请拆分后报送。"
                )
            plain.write(piece)


def is_hidden(name: str) -> bool:
    """Tell whether an entry of a zip is what a Macintosh adds for itself."""
    return PurePosixPath(name).name.startswith(".") or "__MACOSX/" in name
