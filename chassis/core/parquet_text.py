"""How much text a Parquet file unpacks to, measured in a process of its own whose memory is bounded.

A dictionary holds a long value once for all rows that have it, so that neither the file's size nor its rows tell; to
decode it is to pay for it. A file that would take more than is allowed ends that process, and not ours.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# How the process ends where the file is damaged, which whoever reads it then tells in its own words.
DAMAGED = 3
# Beside the text itself: what decoding takes.
BESIDE = 64 << 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes of text in all rows, and in the longest cell."""

    total: int = 0
    longest: int = 0


def measured(path: Path, *, rows: int, most: int) -> Measured | None:
    """Return how much text a file holds; None where so many rows of it hold more than `most` bytes."""
    command = [sys.executable, str(Path(__file__)), str(path), str(rows), str(most)]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603 -- our own file
    if done.returncode == DAMAGED:
        return Measured()
    return Measured(**json.loads(done.stdout)) if done.returncode == 0 else None


def measure(path: str, rows: int, most: int) -> Measured | None:
    """Do it in this process, which may end for want of memory."""
    import polars as pl  # noqa: PLC0415 -- the process that asks has no need of it here

    plan = pl.scan_parquet(path)
    flat = (pl.Boolean, pl.Null)
    schema = plan.collect_schema().items()
    texts = [name for name, kind in schema if not (kind.is_numeric() or kind.is_temporal() or kind in flat)]
    height = plan.select(pl.len()).collect().item()
    _bound(2 * most + BESIDE)
    total = longest = 0
    for start in range(0, height, rows) if texts else ():
        for name in texts:
            cells = plan.select(pl.col(name)).slice(start, rows).collect()[name]
            size, most_of_one = _weighed(cells)
            total, longest = total + size, max(longest, most_of_one)
            if size > most:
                return None
    return Measured(total, longest)


def _weighed(cells: pl.Series) -> tuple[int, int]:
    """Return the bytes of all cells of a column, and of its longest; of lists and structs those of all."""
    import polars as pl  # noqa: PLC0415 -- as above

    if cells.dtype.is_nested():
        return int(cells.estimated_size()), 0
    held = cells if cells.dtype == pl.Binary else cells.cast(pl.String).cast(pl.Binary)
    sizes = held.bin.size().cast(pl.Int64).to_frame("size")
    size, longest = sizes.select(sum=pl.col("size").sum(), longest=pl.col("size").max().fill_null(0)).row(0)
    return size, longest


def _bound(more: int) -> None:
    """Let this process take so many bytes more than it holds now."""
    held = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
    limit = int(held.split()[1]) * 1024 + more
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def main(path: str, rows: str, most: str) -> int:
    """Print what a file holds; return how the process ends."""
    try:
        found = measure(path, int(rows), int(most))
    except MemoryError:
        return 1
    except Exception:
        return DAMAGED
    if found is None:
        return 1
    sys.stdout.write(json.dumps({"total": found.total, "longest": found.longest}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
