"""A Delta table: its buckets, and its log, when its last import became known and that a commit is on the disk."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import orjson
import polars as pl
from deltalake import DeltaTable

# 16 buckets: a bucket is the unit of work beyond one machine; more of them cost small imports a file each.
BUCKETS = 16
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def bucket_of(enterprise: str) -> int:
    """Return the bucket of an enterprise; the same on every machine and in every release."""
    return zlib.crc32(enterprise.encode()) % BUCKETS


def in_buckets(rows: pl.DataFrame, columns: Iterable[str], day: str) -> pl.DataFrame:
    """Return these columns of rows with their bucket, sorted so that one firm's rows lie together by day."""
    enterprises = rows["enterprise"].unique()
    buckets = pl.Series([bucket_of(enterprise) for enterprise in enterprises], dtype=pl.Int8)
    bucket = pl.col("enterprise").replace_strict(enterprises, buckets, return_dtype=pl.Int8).alias("bucket")
    return rows.with_columns(bucket).select(*columns, "bucket").sort("bucket", "enterprise", day)


def last_import(table: DeltaTable, version: int) -> datetime:
    """Return when the last import up to a version became known."""
    known = [
        datetime.fromisoformat(orjson.loads(entry["import"])["known_at"])
        for entry in table.history()
        if entry["version"] <= version and "import" in entry
    ]
    return max(known, default=BEFORE_ALL)


def harden(folder: Path, version: int) -> None:
    """Bring a local commit to the disk: the writer leaves it in the page cache, and a power cut would take it."""
    log = folder / "_delta_log" / f"{version:020}.json"
    added = [orjson.loads(line).get("add") for line in log.read_bytes().splitlines()]
    files = [folder / unquote(add["path"]) for add in added if add]
    for path in [*files, *{file.parent for file in files}, folder, log, log.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
