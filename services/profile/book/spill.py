"""Rows of a big import on their way, on disk by bucket, so that all records of an enterprise are together.

A part is a bucket, or of one with too many rows those records whose numbers fall together, without leading zeros: what
rows of a file say of each other they say within one record, which is of one enterprise and one number.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from services.profile.book.delta import bucket_of
from services.profile.book.domain.dataset import Dataset
from services.profile.book.parts import BATCH, stamped
from services.profile.book.written import Written, write

# What waits for seconds is not packed: it would take a tenth of the CPU of an import.
COMPRESSION: Literal["uncompressed"] = "uncompressed"


class Spill:
    """A folder of rows, each file a slice of one of so many buckets; what stood there before is gone.

    As many as the lake has spare it files; what comes of it is the same with any number.
    """

    def __init__(self, folder: Path, count: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self._count = count
        self._known = pl.DataFrame(schema={"enterprise": pl.String, "bucket": pl.Int8})
        self._files: dict[int, list[Path]] = {}
        self._heights: dict[int, int] = {}

    def put(self, rows: pl.DataFrame) -> None:
        """Add rows, which have an `enterprise`, behind those that are there."""
        for (bucket,), part in self._placed(rows).partition_by("bucket", as_dict=True, include_key=False).items():
            files = self._files.setdefault(int(bucket), [])
            files.append(self._folder / f"{bucket}-{len(files)}.arrow")
            part.write_ipc(files[-1], compression=COMPRESSION)
            self._heights[int(bucket)] = self._heights.get(int(bucket), 0) + part.height

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give rows their bucket: of each enterprise it is worked out once."""
        placed = self._joined(rows)
        if placed["bucket"].null_count():
            new = placed.filter(pl.col("bucket").is_null())["enterprise"].unique()
            buckets = pl.Series("bucket", [bucket_of(name, self._count) for name in new.to_list()], dtype=pl.Int8)
            self._known = pl.concat([self._known, pl.DataFrame([new, buckets])], rechunk=True)
            placed = self._joined(rows)
        return placed

    def _joined(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.join(self._known, on="enterprise", how="left", maintain_order="left")

    def parts(self, dataset: Dataset, most: int) -> list[Part]:
        """Return the parts of at most about so many rows, by bucket; a bucket with more is divided on disk."""
        found = []
        for bucket in sorted(self._files):
            count = -(-self._heights[bucket] // most)
            found += [Part(self._files[bucket])] if count == 1 else self._divided(dataset, bucket, count)
        return found

    def _divided(self, dataset: Dataset, bucket: int, count: int) -> list[Part]:
        parts = [Part([], near(dataset, count, number)) for number in range(count)]
        for file in self._files[bucket]:
            rows = pl.read_ipc(file)
            for number, part in enumerate(parts):
                part.files.append(file.with_suffix(f".{number}.arrow"))
                rows.filter(near(dataset, count, number)).write_ipc(part.files[-1], compression=COMPRESSION)
            file.unlink()
        return parts


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that say nothing of those of another part; `near` tells theirs among others, where the bucket is divided."""

    files: list[Path]
    near: pl.Expr | None = None

    def rows(self) -> pl.DataFrame:
        """Return the rows in the order of the file."""
        return pl.concat([pl.read_ipc(file) for file in self.files], rechunk=True)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the rows have."""
        return frozenset(pl.read_ipc_schema(self.files[0]))

    def become(self, rows: pl.DataFrame) -> None:
        """Put other rows in the place of these."""
        rows.write_ipc(self.files[0], compression=COMPRESSION)
        for file in self.files[1:]:
            file.unlink()
        del self.files[1:]


def near(dataset: Dataset, count: int, number: int) -> pl.Expr:
    """Tell which rows are of the records that fall together as the one of so many parts."""
    if dataset.padded is None:
        return pl.struct(dataset.identity).hash() % count == number
    return pl.col(dataset.padded).str.strip_chars_start("0").hash() % count == number


@dataclass(frozen=True, slots=True)
class Weighed:
    """Where the rows of parts wait that are to be held, as files of the lake, until all are weighed."""

    folder: Path
    files: dict[int, list[Written]] = field(default_factory=dict)

    def keep(self, place: int, rows: pl.DataFrame) -> None:
        """Keep what is to be held of the part at a place."""
        for file in self.files.pop(place, ()):
            file.path.unlink()
        self.files[place] = write(self.folder, rows)

    def stamp(self, known_at: datetime) -> None:
        """Let all that is kept be known since another moment: one part is in memory at a time."""
        for place in list(self.files):
            self.keep(place, stamped(pl.concat(map(self._rows, self.files[place])).collect(), known_at))

    def written(self, folder: Path) -> list[Written]:
        """Return all files, in the order of the parts."""
        return [file for place in sorted(self.files) for file in self.files[place]]

    def stream(self) -> Any:
        """Return all that is kept, part after part, in batches."""
        every = [self._rows(file) for file in self.written(self.folder)]
        return pl.concat(every).collect_batches(chunk_size=BATCH, maintain_order=True)

    def _rows(self, file: Written) -> pl.LazyFrame:
        rows = pl.scan_parquet(file.path, glob=False, hive_partitioning=False)
        return rows.with_columns(pl.lit(file.bucket, dtype=pl.Int8).alias("bucket"))
