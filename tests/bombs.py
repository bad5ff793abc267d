"""Files that are small and unpack to much."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path
from random import Random

import polars as pl

from services.profile.book.domain.columns import KINDS
from services.profile.book.readers import parquet
from services.profile.book.readers.sheets import FileTooLarge, Limits
from services.scoring.domain.errors import TableUnreadable
from services.scoring.usecases.read_table import read_table


def parquet_bomb(path: Path, random: Random, size: int) -> None:
    """Write a Parquet file of some kilobytes whose text unpacks to `size` bytes: one long value for many rows."""
    cell = random.randrange(1_000, 900_000)
    rows = size // cell + 1
    letter = random.choice("x发")
    # By its category a value is held once here too.
    remark = pl.Series("备注", [letter * cell]).cast(pl.Categorical).new_from_index(0, rows)
    number = pl.int_range(rows, eager=True).alias("发票号码")
    pl.DataFrame([number, remark]).write_parquet(path, compression=random.choice(["zstd", "snappy", "gzip"]))


def most_of_children(path: Path) -> int:
    """Open a bomb as profile and as scoring do, and return the most bytes that a child of this process has taken."""
    with suppress(FileTooLarge):
        parquet.opened(KINDS["workbook"], path, Limits())
    with suppress(TableUnreadable):
        read_table("bomb.parquet", path.read_bytes())
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
