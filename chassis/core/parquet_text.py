"""How much text a Parquet file unpacks to, measured in a process of its own whose memory is bounded.

A dictionary holds a long value once for all rows that have it, so that neither the file's size nor its rows tell; to
decode it is to pay for it. A file that would take more than is allowed ends that process, and not ours. Whatever ends
it, the file is not read: only what has been measured is.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

# How the process ends where the file holds too much, or is damaged; Python itself ends by 1 or 2 where it breaks off.
TOO_LARGE, DAMAGED = 4, 3
# What somebody sends who stops us; by any other signal a library ends to which memory is refused.
STOPPED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
# Beside the text itself: what decoding takes.
BESIDE = 64 << 20
# So long it may take, unless who asks says less.
SECONDS = 120.0
# By this a process asks Linux to be ended with the one that began it.
PR_SET_PDEATHSIG = 1
# What libraries say where memory is refused to them; a thread needs some too.
NO_MEMORY = ("memory", "alloc", "Resource temporarily unavailable")


class Damaged(Exception):
    """The file cannot be measured, since it cannot be read."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes of text in all rows, and in the longest cell."""

    total: int = 0
    longest: int = 0


def measured(
    path: Path, *, rows: int, most: int, first: int | None = None, seconds: float | None = None
) -> Measured | None:
    """Return how much text a file holds, or the `first` rows of it.

    None where so many `rows` of it together hold more than `most` bytes, where that is not told within `seconds`, or
    where a signal ends the process.
    Raise `Damaged` where it cannot be read, and `RuntimeError` where the fault is ours.
    """
    # Without -P the modules beside this one would stand for those of the library: `http`, say.
    asked = [str(path), str(rows), str(most), "" if first is None else str(first), str(os.getpid())]
    command = [sys.executable, "-P", str(Path(__file__)), *asked]
    environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 -- our own file
            command, env=environment, capture_output=True, check=False, timeout=seconds or SECONDS
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode == DAMAGED:
        raise Damaged
    if done.returncode == TOO_LARGE or was_killed(done.returncode):
        return None
    if done.returncode:
        raise RuntimeError(f"a file could not be measured ({done.returncode}): {done.stderr[-1000:]!r}")
    return Measured(**json.loads(done.stdout))


def measure(path: str, rows: int, most: int, first: int | None = None) -> Measured | None:
    """Do it in this process, which may end for want of memory."""
    import polars as pl  # noqa: PLC0415 -- the process that asks has no need of it here

    plan = pl.scan_parquet(path)
    flat = (pl.Boolean, pl.Null)
    kinds = enumerate(plan.collect_schema().dtypes())
    # By their place: a name may look like a pattern.
    texts = [at for at, kind in kinds if not (kind.is_numeric() or kind.is_temporal() or kind in flat)]
    height = plan.select(pl.len()).collect().item()
    height = height if first is None else min(height, first)
    bound(2 * most + BESIDE)
    total = longest = 0
    for start in range(0, height, rows) if texts else ():
        held = 0
        for at in texts:
            cells = plan.select(pl.nth(at).alias("cells")).slice(start, min(rows, height - start)).collect()
            size, most_of_one = _weighed(cells["cells"])
            held, longest = held + size, max(longest, most_of_one)
            if held > most:
                return None
        total += held
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


def bound(more: int) -> None:
    """Let this process take so many bytes more than it holds now, where the system tells what that is."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    held = next(line for line in status.read_text().splitlines() if line.startswith("VmData"))
    limit = int(held.split()[1]) * 1024 + more
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def end_with(parent: int) -> None:
    """Let this process be ended with the one that asks, and at once if that is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(TOO_LARGE)


def was_killed(code: int) -> bool:
    """Tell whether a signal ended a process, as what is written in Rust or C ends for want of memory, and not we."""
    return code < 0 and -code not in STOPPED


def wants_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory is refused, and not that the file is damaged."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in (errno.ENOMEM, errno.EAGAIN)):
        return True
    return says_memory(str(error))


def says_memory(words: str) -> bool:
    """Tell whether a library says in these words that memory is refused to it."""
    return any(word in words for word in NO_MEMORY)


def main(path: str, rows: str, most: str, first: str, parent: str) -> int:
    """Print what a file holds; return how the process ends."""
    end_with(int(parent))
    try:
        found = measure(path, int(rows), int(most), int(first) if first else None)
    except BaseException as error:  # a library in Rust may panic, which is no ordinary exception
        return TOO_LARGE if wants_memory(error) else DAMAGED
    if found is None:
        return TOO_LARGE
    sys.stdout.write(json.dumps({"total": found.total, "longest": found.longest}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
