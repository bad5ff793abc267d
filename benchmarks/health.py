"""What the processes of a suite take, looked at again and again: memory of their own, open files, files of the home."""

from __future__ import annotations

import math
import os
import re
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from smecredit.running.ports import SERVICES

WEB = re.compile(r"(?:services\.)?(\w+)\.app:create_app")
WORKER = re.compile(r"services\.(\w+)\.cli worker")
# MB that say nothing, and which share of what the first half added the second may add where it settles.
LEAST, SETTLED = 1.0, 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment: MB of memory that is its own (no files, nothing shared), and open files."""

    at: float
    memory: float
    open_files: int


def look(home: Path, series: dict[int, list[Look]], names: dict[int, str]) -> None:
    """Add a look at each process of the suite on a home; name those that are new."""
    mark = f"SMECREDIT_HOME={home}".encode()
    posts: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        pid = int(entry.name)
        with suppress(OSError):
            if mark not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            if pid not in names:
                posts = posts or _posts(home)
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                names[pid] = f"{_name(command, posts.get(pid, ''))} {pid}"
            own = re.search(r"RssAnon:\s+(\d+)", (entry / "status").read_text())
            files = len(os.listdir(entry / "fd"))  # noqa: PTH208 -- names alone
            series.setdefault(pid, []).append(Look(time.monotonic(), int(own[1]) / 1024 if own else 0.0, files))


def _posts(home: Path) -> dict[int, str]:
    """Return at which post each worker process stands, as the services' databases tell."""
    found: dict[int, str] = {}
    for service in SERVICES:
        with closing(sqlite3.connect(f"file:{home}/{service}.db?mode=ro", uri=True)) as database:
            found |= {int(pid): str(post) for pid, post in database.execute("SELECT pid, post FROM workers")}
    return found


def _name(command: str, post: str) -> str:
    if web := WEB.search(command):
        return f"{web[1]} web"
    if worker := WORKER.search(command):
        return f"{worker[1]} worker {post or 'crew'}"
    return "engine" if "multiprocessing" in command else "up"


def files(home: Path) -> dict[str, tuple[int, float]]:
    """Return how many files each folder of a home holds, and how many MB they are."""
    found: dict[str, tuple[int, float]] = {}
    for folder in sorted(path for path in home.iterdir() if path.is_dir()):
        sizes = []
        for path in folder.rglob("*"):
            with suppress(OSError):  # gone meanwhile
                if path.is_file():
                    sizes.append(path.stat().st_size)
        found[folder.name] = (len(sizes), sum(sizes) / 1e6)
    return found


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure grew over a time: in all, in its first and in its second half, each by a line of its own.

    `noise` is how far single looks lie from the line (two standard deviations).
    """

    growth: float
    halves: tuple[float, float]
    noise: float
    last: float

    @property
    def says(self) -> str:
        """What it is: `flat` within its noise, `settles` where what is added becomes less, or `GROWS`.

        What is made on first use, caches that fill up to their bound, and an allocator that keeps what it was given add
        less and less; what is kept for ever adds as much in the second half as in the first.
        """
        if self.growth <= max(self.noise, LEAST):
            return "flat"
        earlier, later = self.halves
        return "settles" if later <= max(SETTLED * earlier, LEAST) else "GROWS"


def trend(looks: Sequence[Look], since: float) -> Trend:
    """Return the trend of a process's memory since a moment, by least squares."""
    points = [(each.at, each.memory) for each in looks if each.at >= since]
    half = len(points) // 2
    growth, noise = _line(points)
    return Trend(growth, (_line(points[: half + 1])[0], _line(points[half:])[0]), noise, points[-1][1])


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return by how much a line through points grows from the first to the last, and how far they lie from it."""
    middle = sum(at for at, _ in points) / len(points)
    mean = sum(memory for _, memory in points) / len(points)
    spread = sum((at - middle) ** 2 for at, _ in points) or 1.0
    slope = sum((at - middle) * (memory - mean) for at, memory in points) / spread
    rest = [memory - mean - slope * (at - middle) for at, memory in points]
    deviation = math.sqrt(sum(each**2 for each in rest) / max(1, len(rest) - 2))
    return slope * (points[-1][0] - points[0][0]), 2 * deviation


def lasting(series: Mapping[int, Sequence[Look]], since: float) -> dict[int, Sequence[Look]]:
    """Return the processes that were there from a moment to the end."""
    last = max(looks[-1].at for looks in series.values())
    return {pid: looks for pid, looks in series.items() if looks[0].at <= since and looks[-1].at > last - 15}
