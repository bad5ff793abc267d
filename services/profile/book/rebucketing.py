"""Dividing a lake into another number of buckets: every row is written anew, in one commit that names the number.

Nothing of what is read changes. A version from before is read from the new files, up to what was known then (as where
files were joined, `table_files`); the old ones stay for those who hold a list of them, and go with the nightly care.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError

from services.profile.book import written
from services.profile.book.appendable import MOST_ATTEMPTS, LakeBusy
from services.profile.book.delta import SAID, in_buckets
from services.profile.book.domain.dataset import Dataset
from services.profile.book.lake import Lake
from services.profile.book.table_files import JOINED, buckets_of

# Rows that are in memory at once.
AT_ONCE = 1 << 19
REBUCKETED = "rebucketed"


def rebucket(lake: Lake, dataset: Dataset, buckets: int) -> int:
    """Divide a lake into so many buckets; return how many rows were written anew, none where it is of so many already.

    Whoever is killed at it has changed nothing. Raise `LakeBusy` where imports win the race again and again.
    """
    for _ in range(MOST_ATTEMPTS):
        table = lake.files.table()
        if buckets_of(table) == buckets:
            return 0
        try:
            return _rewritten(lake, dataset, table, buckets)
        except CommitFailedError:
            continue
    raise LakeBusy(REBUCKETED)


def _rewritten(lake: Lake, dataset: Dataset, table: DeltaTable, buckets: int) -> int:
    listed = lake.files.at(table.version()).sort("bucket", "max.known_at", "path")
    with lake.files.committing(table) as (writable, folder):
        files: list[written.Written] = []
        try:
            for rows in _batches(lake, listed):
                files += written.write(folder, in_buckets(rows, _columns(table, dataset), dataset.day, buckets))
            written.replace(writable, files, _properties(table.version() + 1, buckets))
        except BaseException:
            for file in files:
                file.path.unlink(missing_ok=True)
            raise
    lake.files.forget()
    return int(listed["rows"].sum())


def _batches(lake: Lake, listed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if not listed.is_empty():
        yield from lake.files.scan(listed).collect_batches(chunk_size=AT_ONCE, maintain_order=True)


def _columns(table: DeltaTable, dataset: Dataset) -> list[str]:
    """Return the columns of a table: one of an earlier release lacks those that came later, and they are empty."""
    there = {field.name for field in table.schema().fields}
    return [name for name in dataset.schema if name in there]


def _properties(version: int, buckets: int) -> CommitProperties:
    said = [Transaction(SAID, buckets), Transaction(JOINED, version)]
    return CommitProperties(custom_metadata={REBUCKETED: str(buckets)}, app_transactions=said, max_commit_retries=0)
