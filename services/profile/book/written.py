"""The Parquet files of a commit: written by Polars, with what the log of a Delta table says of each.

A file is of one bucket. Its statistics are of the columns that the table is read by: an enterprise's rows are found by
them without opening it. Nothing of a file is in the table until a commit names it.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from deltalake import CommitProperties, DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from services.profile.book.delta import ROWS_TOGETHER

# The log has statistics of so many columns, the first of the table.
TOLD = 4


@dataclass(frozen=True, slots=True)
class Written:
    """A file of rows of a bucket: its name in the table, where it lies, and what is said of it."""

    name: str
    path: Path
    bucket: int
    statistics: str

    @property
    def action(self) -> AddAction:
        """The word of the log that adds it."""
        found = self.path.stat()
        at = int(found.st_mtime * 1000)
        return AddAction(self.name, found.st_size, {"bucket": str(self.bucket)}, at, True, self.statistics)


def write(folder: Path, rows: pl.DataFrame) -> list[Written]:
    """Write rows, with their `bucket` and in the order of the table, beneath a folder: a file for each bucket."""
    return [_one(folder, bucket, part) for bucket, part in _by_bucket(rows)]


def _by_bucket(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    for (bucket,), part in rows.partition_by("bucket", as_dict=True, include_key=False, maintain_order=True).items():
        yield int(bucket), part


def _one(folder: Path, bucket: int, rows: pl.DataFrame) -> Written:
    name = f"bucket={bucket}/part-{secrets.token_hex(16)}.zstd.parquet"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path, compression="zstd", compression_level=1, row_group_size=ROWS_TOGETHER)
    return Written(name, path, bucket, statistics(rows))


def statistics(rows: pl.DataFrame) -> str:
    """Return what the log says of a file with these rows: how many there are, and the bounds of the first columns."""
    names = rows.columns[:TOLD]
    asked = {"min": pl.col(names).min(), "max": pl.col(names).max(), "null": pl.col(names).null_count()}
    found = {what: rows.select(one).row(0, named=True) for what, one in asked.items()}
    bounds = {
        what: {name: _told(value) for name, value in found[what].items() if value is not None}
        for what in ("min", "max")
    }
    told = {"numRecords": rows.height, "minValues": bounds["min"], "maxValues": bounds["max"]}
    return orjson.dumps({**told, "nullCount": found["null"]}).decode()


def _told(value: Any) -> str:
    """Return a bound as a log has it, a moment cut to milliseconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def fits(table: DeltaTable, columns: Sequence[str]) -> bool:
    """Tell whether a table has these columns: one that an earlier release made may lack some."""
    return set(columns) <= {one.name for one in table.schema().fields}


def commit(table: DeltaTable, folder: Path, files: Sequence[Written], properties: CommitProperties) -> None:
    """Add files to a table, whose folder this is, in one commit; raise `CommitFailedError` where another was quicker.

    Those that were written elsewhere are there, too, for another attempt.
    """
    actions: list[AddAction | RemoveAction] = []
    for file in files:
        _bring(file.path, folder / file.name)
        actions.append(file.action)
    schema, bucket = table.schema(), ["bucket"]
    table.create_write_transaction(actions, "append", schema, partition_by=bucket, commit_properties=properties)


def replace(table: DeltaTable, files: Sequence[Written], properties: CommitProperties) -> None:
    """Put files that lie in the table's folder in the place of all that it has, in one commit; raise as `commit`."""
    actions: list[AddAction | RemoveAction] = [file.action for file in files]
    table.create_write_transaction(
        actions, "overwrite", table.schema(), partition_by=["bucket"], commit_properties=properties
    )


def _bring(path: Path, to: Path) -> None:
    if path == to or to.exists():
        return
    to.parent.mkdir(exist_ok=True)
    try:
        to.hardlink_to(path)
    except OSError:  # another disk, or one without such links
        shutil.copyfile(path, to)
