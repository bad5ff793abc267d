"""Processes that tests kill while they hold or write a file."""

from __future__ import annotations

import time
from multiprocessing.synchronize import Event
from pathlib import Path

from chassis.data.files import borrowed, files_at

LONG_SECONDS = 120


def borrow(scratch: str, begun: Event) -> None:
    """Borrow a folder, leave something in it, and hold it."""
    with borrowed(Path(scratch)) as folder:
        (folder / "copy").write_bytes(b"Zhang San")
        begun.set()
        time.sleep(LONG_SECONDS)


def write(url: str, scratch: str, begun: Event) -> None:
    """Write a file without an end."""
    with files_at(url, Path(scratch)).writing("half") as file:
        file.write(bytes(1 << 20))
        begun.set()
        time.sleep(LONG_SECONDS)
