"""Where what is unpacked of a file lies for as long as it is read, and how it goes."""

from __future__ import annotations

import os
import tempfile
from glob import escape
from pathlib import Path

PLAIN = ".plain"


def beside(path: Path) -> tuple[int, Path]:
    """Make an empty file for what is unpacked of another, beside it; its name tells which process made it."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.{os.getpid()}.", suffix=PLAIN, dir=path.parent)
    return handle, Path(name)


def remove_left(path: Path, process: int) -> None:
    """Remove what a process that has ended left beside a file: whoever is killed takes nothing away."""
    for left in path.parent.glob(f"{escape(path.name)}.{process}.*{PLAIN}"):
        left.unlink(missing_ok=True)
