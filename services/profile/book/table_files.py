"""The files of a table at a version: which they are, within which bounds, and reading them in one spelling."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from math import gcd
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from chassis.data.files import Cache, Kept, cache_here
from services.profile.book import digests
from services.profile.book.delta import SAID, Bucket, bucket_of, harden, last_import
from services.profile.book.domain import party
from services.profile.book.domain.dataset import KNOWN_AT, Dataset
from services.profile.book.fit import behind
from services.profile.book.mirror import Mirror
from services.profile.settings import USUAL_BUCKETS
from services.profile.standards import spelling

# By what a column reads, what may be written otherwise, and the one spelling of it.
SPELLED: Mapping[str, tuple[str, Callable[[pl.Series], pl.Series]]] = {
    "counterparty": (party.OTHERWISE, party.counterparties),
    "identifier": (spelling.OTHERWISE, spelling.identifiers),
}
# Under this name a commit that erased rows notes its version: no file of an earlier version is there any more.
SHRED = "shred"
# And under this one a commit before which files were removed that others had replaced: they hold the same rows.
JOINED = "joined"


@dataclass(frozen=True)
class Listed:
    """The files that hold the rows of a version, and into how many buckets these are divided."""

    files: pl.DataFrame
    buckets: int

    def of(self, enterprises: Iterable[str]) -> pl.DataFrame:
        """Return those that may hold rows of these enterprises."""
        buckets = {bucket_of(name, self.buckets) for name in enterprises}
        if len(buckets) == 1:
            return self.by_bucket.get(buckets.pop(), self.files.clear())
        return self.files.filter(pl.col("bucket").is_in(buckets))

    @cached_property
    def by_bucket(self) -> Mapping[int, pl.DataFrame]:
        """The files of each bucket, in their order."""
        parts = self.files.partition_by("bucket", maintain_order=True)
        return {part["bucket"][0]: part for part in parts}

    def near(self, bucket: Bucket) -> pl.DataFrame:
        """Return those that may hold rows of a bucket, be it of this number of them or of another."""
        both = gcd(bucket.of, self.buckets)
        return self.files.filter(pl.col("bucket") % both == bucket.number % both)

    def only(self, rows: pl.LazyFrame, bucket: Bucket) -> pl.LazyFrame:
        """Return the rows of a bucket among those of the files that are `near` it."""
        return rows if self.buckets % bucket.of == 0 else rows.filter(pl.col("enterprise").map_batches(bucket.among))


class TableFiles:
    """The files of one kind of data at `url` (a folder, or an object store with `options`); what is listed is kept.

    Of an object store the log and the files are mirrored in a `cache`, that of this machine where none is given.
    """

    def __init__(
        self, url: str, options: Mapping[str, str] | None, dataset: Dataset, cache: Cache | None = None
    ) -> None:
        self.url = url.removeprefix("file://")
        self.options = dict(options or {}) or None
        self._dataset, self._schema = dataset, dataset.schema
        self._listed = lru_cache(maxsize=8)(self._list_files)
        self._mirror = None
        if "://" in self.url:
            self._mirror = Mirror(self.url, self.options, cache or cache_here(), SHRED)

    def at(self, version: int) -> pl.DataFrame:
        """Return the files of a version by path, size, bucket and bounds."""
        return self.listed(version).files

    def listed(self, version: int) -> Listed:
        """Return the files of a version, and into how many buckets they are divided where they lie now."""
        if self._mirror is not None and self._mirror.look():
            self._listed.cache_clear()
        return self._listed(version)

    def forget(self) -> None:
        """Forget what was listed: another process may have erased files."""
        self._listed.cache_clear()
        if self._mirror is not None:
            self._mirror.doubt()

    def table(self, version: int | None = None) -> DeltaTable:
        """Return the table at a version, the newest where none is named; raises where it is missing or out of reach."""
        try:
            return DeltaTable(self.url, version=version) if self._mirror is None else self._mirror.table(version)
        except DeltaError:
            if version is not None and (newest := self.table().version()) < version:
                raise behind(self._dataset.name, version, newest) from None
            raise

    def history(self, newest: int | None = None) -> list[dict[str, Any]]:
        """Return what the log says of commits, the newest first: so many, or all."""
        table = self.table() if self._mirror is None else self._mirror.table(whole=True)
        return table.history(newest)

    def remote(self) -> DeltaTable:
        """Return the newest version where it lies: for what is done to its files there."""
        return DeltaTable(self.url, storage_options=self.options)

    @contextmanager
    def committing(self, table: DeltaTable) -> Iterator[tuple[DeltaTable, Path]]:
        """Give a table to write its next version, and its folder; it is durable when the block ends well."""
        version = table.version()
        if self._mirror is None:
            yield table, Path(self.url)
            harden(Path(self.url), version + 1)
        else:
            with self._mirror.committing(version) as staged:
                yield staged

    def withdraw(self, names: Collection[str]) -> None:
        """Remove files that were written for a version which another has committed."""
        for name in names:
            if self._mirror is None:
                Path(self.url, name).unlink(missing_ok=True)
            else:
                self._mirror.withdraw(name)

    def make_sure(self, version: int) -> None:
        """Bring a commit to the disk where that was not done: an object store takes nothing that is not."""
        if self.folder is not None and not digests.is_noted(self.folder, version):
            with suppress(FileNotFoundError):  # what is gone was replaced since, by a commit of its own
                harden(self.folder, version)

    @property
    def folder(self) -> Path | None:
        """The folder of the table; None where it lies in an object store."""
        return None if "://" in self.url else Path(self.url)

    def there(self, files: pl.DataFrame) -> bool:
        """Tell whether these files are still there."""
        try:
            return all(path.exists() for path in self._paths(files))
        except FileNotFoundError:
            return False

    def lying(self, names: Collection[str]) -> set[str]:
        """Return which of these files lie where the table is, whether it needs them or not."""
        if self._mirror is None:
            return {name for name in names if Path(self.url, unquote(name)).exists()}
        return set(names) & self._mirror.lying()

    def scan(self, files: pl.DataFrame) -> pl.LazyFrame:
        """Return the rows of files, unread."""
        return self._spelled(self.stored(files))

    def stored(self, files: pl.DataFrame) -> pl.LazyFrame:
        """Return the rows of files as they were written, unread: who reads them has `spelled` see to the spelling."""
        if files.is_empty():
            return pl.LazyFrame(schema=self._schema)
        scan = pl.scan_parquet(
            self._paths(files),
            glob=False,  # a home's name may hold what would be a pattern
            hive_partitioning=False,
            schema=self._schema,
            missing_columns="insert",  # files of an earlier release lack the columns that came later
            extra_columns="ignore",
        )
        bound = files["bound"][0]
        rows = scan if bound is None else scan.filter(pl.col("known_at") <= bound)
        return rows.select(list(self._schema))

    def spelled(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what `scan` gives of stored rows; of few rows it is quicker to look at all columns at once."""
        named = self._named(rows.columns)
        found = rows.select(pl.col(name).str.contains(other).any() for name, (other, _) in named.items())
        touched = [name for name, differs in found.row(0, named=True).items() if differs] if named else []
        return rows.with_columns(named[name][1](rows[name]) for name in touched) if touched else rows

    def _paths(self, files: pl.DataFrame) -> list[Path]:
        """Return where files lie on this machine; raise `FileNotFoundError` where an object store has one no more."""
        if self._mirror is None:
            return [Path(self.url, path) for path in files["path"]]
        return self._mirror.copies([Kept(path, size) for path, size in files.select("path", "size").iter_rows()])

    def _spelled(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return rows as every reader is given them: parties and numbers in their one spelling, whenever they came."""
        return rows.with_columns(
            pl.col(name).map_batches(spell, return_dtype=pl.String, is_elementwise=True)
            for name, (_, spell) in self._named(self._schema).items()
        )

    def _named(self, among: Collection[str]) -> dict[str, tuple[str, Callable[[pl.Series], pl.Series]]]:
        columns = (column for column in self._dataset.columns if column.name in among)
        return {column.name: SPELLED[column.reads] for column in columns if column.reads in SPELLED}

    def _list_files(self, version: int) -> Listed:
        """List the files of a version, and the `bound` of its times of knowledge (null: none).

        For a version older than an erasure, or whose files were joined and removed, they are the files that hold what
        is left of it. Times of knowledge grow from commit to commit, so a version is all that was known up to its last
        import.
        """
        newest = self.table() if self._mirror is None else self._mirror.here()
        gone = max(newest.transaction_version(name) or 0 for name in (SHRED, JOINED))
        if version >= gone:
            return self._actions(version, None)
        return self._actions(gone, last_import(self.history(), version))

    def _actions(self, version: int, bound: datetime | None) -> Listed:
        table = self.table(version)
        frame = pl.DataFrame(table.get_add_actions(flatten=True))
        day, lead = self._dataset.day, self._dataset.lead
        bounds = (f"min.{day}", f"max.{day}", f"min.{lead}", f"max.{lead}", "max.known_at")
        # A column that is empty in every file has no bounds at all.
        absent = [pl.lit(None).alias(name) for name in bounds if name not in frame.columns]
        listed = frame.with_columns(absent).select(
            "path",
            pl.col("size_bytes").alias("size"),
            pl.col("num_records").alias("rows"),
            pl.col("partition.bucket").alias("bucket"),
            *bounds,
        )
        return Listed(listed.with_columns(pl.lit(bound, dtype=KNOWN_AT).alias("bound")), buckets_of(table))


def buckets_of(table: DeltaTable) -> int:
    """Return into how many buckets the rows of a table are divided, as its log says."""
    return table.transaction_version(SAID) or USUAL_BUCKETS
