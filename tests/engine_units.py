"""Units of work that tests of the engines hand to other processes; these import this module by its name."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import time
from pathlib import Path

import polars as pl

from chassis.core.errors import Invalid


def summed(folder: Path, bucket: int) -> str:
    """Write a bucket's sums as Parquet under its name, and return the digest of the file."""
    rows = pl.select(pl.int_range(5000, dtype=pl.Int64).alias("number")).with_columns(bucket=pl.lit(bucket))
    sums = rows.group_by(pl.col("number") % 7).agg((pl.col("number") * pl.col("bucket")).sum().alias("sum"))
    path = folder / f"{bucket}.parquet"
    sums.sort("number").write_parquet(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(bucket: int) -> int:
    """Double a bucket; refuse 3, and stumble over 5."""
    if bucket == 3:
        raise Invalid("the lake's bucket 3 is damaged", bucket=3)
    return bucket * 2 if bucket != 5 else bucket // 0


class Stubborn(Exception):
    """An error that pickle cannot make again."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def stubborn(bucket: int) -> int:
    raise Stubborn("of bucket ", str(bucket))


def killed(folder: Path, times: int, bucket: int) -> int:
    """Note that a bucket has begun; bucket 2 then ends its process by kill -9, so many times."""
    began = folder / f"began-{bucket}"
    with began.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if bucket == 2 and len(began.read_text().split()) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return bucket * 2


def once(folder: Path, bucket: int) -> int:
    """Do a bucket unless its output is there; wait in bucket 2 until the test says `go`."""
    output = folder / f"done-{bucket}"
    if output.exists():
        return 0
    if bucket == 2:
        (folder / "waiting").write_text(str(os.getpid()))
        wait_for(folder / "go")
    output.touch(exist_ok=False)
    return 1


def asleep(folder: Path, bucket: int) -> int:
    """Note the process of a bucket, and stay in it; bucket 0 ends at once."""
    (folder / f"pid-{bucket}").write_text(str(os.getpid()))
    if bucket:
        time.sleep(600)
    return bucket


def process_of(_bucket: int) -> int:
    return os.getpid()


def wait_for(file: Path, seconds: float = 60.0) -> None:
    """Wait until a file is there."""
    until = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < until, f"{file} never came"
        time.sleep(0.02)


def collected(_: int) -> tuple[bool, bool]:
    """Tell whether the collector works here, and whether what was loaded is spared its rounds."""
    return gc.isenabled(), gc.get_freeze_count() > 0
