"""Writes the tables so that the same plan gives the same bytes."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final, Literal

import polars as pl

Format = Literal["csv", "parquet"]
SUFFIX: Final[dict[Format, str]] = {"csv": ".csv.gz", "parquet": ".parquet"}


def write(tables: dict[str, pl.DataFrame], folder: Path, form: Format = "csv") -> list[Path]:
    """Write one file per table into `folder`, named after its import kind, and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind, table in tables.items():
        path = folder / f"{kind}{SUFFIX[form]}"
        if form == "csv":
            _write_csv(table, path)
        else:
            table.write_parquet(path, compression="zstd", statistics=True)
        paths.append(path)
    return paths


def _write_csv(table: pl.DataFrame, path: Path) -> None:
    """Write gzipped CSV without name and time in its header, as they would differ from run to run."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as packed:
        packed.write(table.write_csv().encode())
