"""The files of peer figures: tables that are written once, under a name that says what they were made from.

A table is written beside its place and moved there, so that a name is there whole or not at all; the same name has the
same bytes, whoever writes it again. Everything here is made of the lake and can be made again.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import time

import polars as pl

from chassis.core.disk import fsync
from chassis.data.files import Files, files_at
from services.profile.book.delta import one_of

# So many rows are read to find one firm.
ROWS_TOGETHER = 2048
# The index of who names whom.
NAMES = "names"
# What nobody names is left alone so long: another worker may be writing it.
UNNAMED_SECONDS = 6 * 3600.0
# Where anything of a stamp is named its work is done; another worker that did the same may be reading it so long.
DONE_SECONDS = 900.0
# Of what lies in an object store a reader's machine keeps the tables of so many stamps.
COPIED = 64


@dataclass(frozen=True, slots=True)
class PeerFiles:
    """Tables of peer figures in a folder, each in that of its `stamp`; with `shared`, copies of those in that store."""

    folder: Path
    shared: str | None = None

    def has(self, stamp: str, name: str) -> bool:
        """Tell whether a table is there."""
        try:
            self._here(stamp, name)
        except FileNotFoundError:
            return False
        return True

    def write(self, stamp: str, name: str, table: pl.DataFrame) -> None:
        """Write a table, all of it or nothing."""
        path = self._path(stamp, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            table.write_parquet(beside, row_group_size=ROWS_TOGETHER, statistics=True)
            if self.shared is not None:
                with self._store.writing(_named(stamp, name), again=True) as file, beside.open("rb") as written:
                    shutil.copyfileobj(written, file)
            fsync(beside)
            beside.replace(path)
            fsync(path.parent)
        finally:
            beside.unlink(missing_ok=True)

    def read(self, stamp: str, name: str) -> pl.LazyFrame:
        """Return a table, unread; `FileNotFoundError` where it is gone."""
        return pl.scan_parquet(self._here(stamp, name), glob=False)

    def remove(self, stamp: str, name: str) -> None:
        """Remove a table that only the work at hand needed."""
        self._path(stamp, name).unlink(missing_ok=True)
        if self.shared is not None:
            self._store.delete(_named(stamp, name))

    def sweep(self, named: Collection[tuple[str, str]], *, unnamed: float = UNNAMED_SECONDS) -> int:
        """Remove all tables but the named ones (stamp, name) that were written more than so many seconds ago.

        What only the work needed goes sooner where anything of its stamp is named: there the work is done. Ages in a
        store of several machines are told by what was written there last: no machine's clock decides.
        """
        keep, done, gone = {self._path(*each) for each in named}, {stamp for stamp, _ in named}, 0
        for folder in self._folders():
            past = time() - _patience(folder.name in done, unnamed)
            for path in folder.iterdir():
                if path not in keep and path.stat().st_mtime <= past:
                    path.unlink(missing_ok=True)
                    gone += 1
            with suppress(OSError):  # it holds more, or somebody else was quicker
                folder.rmdir()
        if self.shared is not None:
            self._sweep_store({_named(*each) for each in named}, done, unnamed)
        return gone

    def _sweep_store(self, names: Collection[str], done: Collection[str], unnamed: float) -> None:
        there = self._store.list()
        now = max((each.written for each in there), default=0.0)
        for each in there:
            patience = _patience(each.name.partition("/")[0] in done, unnamed)
            if each.name not in names and each.written <= now - patience:
                self._store.delete(each.name)

    @property
    def _store(self) -> Files:
        assert self.shared is not None
        return _files(self.shared, self.folder.with_name("scratch"))

    def _here(self, stamp: str, name: str) -> Path:
        """Return a table on this machine; one of the store is copied first."""
        path = self._path(stamp, name)
        if path.exists():
            return path
        if self.shared is None:
            raise FileNotFoundError(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            with self._store.open(_named(stamp, name)) as there:
                shutil.copyfile(there, beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        for old in sorted(self._folders(), key=lambda each: each.stat().st_mtime)[:-COPIED]:
            shutil.rmtree(old, ignore_errors=True)
        return path

    def _folders(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.exists() else []

    def _path(self, stamp: str, name: str) -> Path:
        return self.folder / stamp / f"{name}.parquet"


def naming(files: PeerFiles, heard: Sequence[str], parties: Iterable[str]) -> list[str]:
    """Return the firms that name one of these parties as a partner."""
    return _paired(files, heard, "party", parties, "enterprise")


def index_names(files: PeerFiles, heard: Sequence[str], firms: pl.Series) -> pl.DataFrame:
    """Return who names each of some firms as a partner, in the order of the firms; each has a row that names nobody.

    So whoever reads it tells a firm that nobody names from one that was not among these.
    """
    book = pl.DataFrame({"party": firms, "enterprise": pl.Series([None] * firms.len(), dtype=pl.String)})
    told = [files.read(stamp, f"mentions-{at}").select("party", "enterprise") for at, stamp in enumerate(heard)]
    # One part after the other: most of whom a part names is not of the book.
    near = [part.join(book.lazy().select("party"), on="party", how="semi").collect() for part in told]
    return pl.concat([book, *near]).unique().sort("party", "enterprise")


def naming_one(files: PeerFiles, stamp: str, firm: str) -> list[str] | None:
    """Return the firms that name one as a partner by the index of finished peers, None where it does not say.

    The index is sorted: of it one or two groups of rows are read, however many firms there are.
    """
    if not files.has(stamp, NAMES):
        return None  # made by an earlier release
    found = files.read(stamp, NAMES).filter(pl.col("party") == firm).collect()["enterprise"]
    return found.drop_nulls().to_list() if found.len() else None


def named_by(files: PeerFiles, heard: Sequence[str], firms: Iterable[str]) -> list[str]:
    """Return the parties that one of these firms names as a partner."""
    return _paired(files, heard, "enterprise", firms, "party")


def _paired(files: PeerFiles, heard: Sequence[str], by: str, names: Iterable[str], wanted: str) -> list[str]:
    among = pl.Series(sorted(set(names)), dtype=pl.String)
    if among.is_empty():
        return []
    near = [
        files.read(stamp, f"mentions-{at}").filter(one_of(pl.col(by), among)).select(wanted)
        for at, stamp in enumerate(heard)
    ]
    return pl.concat(near).unique().collect().to_series().sort().to_list()


@lru_cache(maxsize=4)
def _files(url: str, scratch: Path) -> Files:
    return files_at(url, scratch)


def _patience(done: bool, unnamed: float) -> float:
    return min(unnamed, DONE_SECONDS) if done else unnamed


def _named(stamp: str, name: str) -> str:
    return f"{stamp}/{name}.parquet"
