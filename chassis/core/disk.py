"""What is on the disk outlives a power cut; what is in the page cache does not."""

from __future__ import annotations

import os
from pathlib import Path


def fsync(path: Path) -> None:
    """Bring a file, or the names that a folder has for its files, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
