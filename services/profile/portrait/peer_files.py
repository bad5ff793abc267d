"""The files of peer figures: tables that are written once, under a name that says what they were made from.

A table is written beside its place and moved there, so that a name is there whole or not at all; the same name has the
same bytes, whoever writes it again. Everything here is made of the lake and can be made again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time

import polars as pl

# So many rows are read to find one firm.
ROWS_TOGETHER = 2048
# What nobody names is left alone so long: another worker may be writing it.
UNNAMED_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class PeerFiles:
    """Tables of peer figures in a folder, each in that of its `stamp`."""

    folder: Path

    def has(self, stamp: str, name: str) -> bool:
        """Tell whether a table is there."""
        return self._path(stamp, name).exists()

    def write(self, stamp: str, name: str, table: pl.DataFrame) -> None:
        """Write a table, all of it or nothing."""
        path = self._path(stamp, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            table.write_parquet(beside, row_group_size=ROWS_TOGETHER, statistics=True)
            _settle(beside)
            beside.replace(path)
            _settle(path.parent)
        finally:
            beside.unlink(missing_ok=True)

    def read(self, stamp: str, name: str) -> pl.LazyFrame:
        """Return a table, unread; `FileNotFoundError` where it is gone."""
        path = self._path(stamp, name)
        if not path.exists():
            raise FileNotFoundError(path)
        return pl.scan_parquet(path, glob=False)

    def remove(self, stamp: str, name: str) -> None:
        """Remove a table that only the work at hand needed."""
        self._path(stamp, name).unlink(missing_ok=True)

    def sweep(self, named: Collection[tuple[str, str]], *, unnamed: float = UNNAMED_SECONDS) -> int:
        """Remove all tables but the named ones (stamp, name) that were written more than so many seconds ago."""
        keep, past, gone = {self._path(*each) for each in named}, time() - unnamed, 0
        for folder in self.folder.iterdir() if self.folder.exists() else ():
            for path in folder.iterdir():
                if path not in keep and path.stat().st_mtime <= past:
                    path.unlink(missing_ok=True)
                    gone += 1
            with suppress(OSError):  # it holds more, or somebody else was quicker
                folder.rmdir()
        return gone

    def _path(self, stamp: str, name: str) -> Path:
        return self.folder / stamp / f"{name}.parquet"


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
