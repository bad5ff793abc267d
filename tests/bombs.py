"""Files that are small and unpack to much."""

from __future__ import annotations

from pathlib import Path
from random import Random

import polars as pl


def parquet_bomb(path: Path, random: Random, size: int) -> None:
    """Write a Parquet file of some kilobytes whose text unpacks to `size` bytes: one long value for many rows."""
    cell = random.randrange(1_000, 900_000)
    rows = size // cell + 1
    letter = random.choice("x发")
    # By its category a value is held once here too.
    remark = pl.Series("备注", [letter * cell]).cast(pl.Categorical).new_from_index(0, rows)
    number = pl.int_range(rows, eager=True).alias("发票号码")
    pl.DataFrame([number, remark]).write_parquet(path, compression=random.choice(["zstd", "snappy", "gzip"]))
