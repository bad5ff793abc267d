"""Which code a process runs: two that do units of the same work must run the same."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("chassis", "services")
# What decides the bytes of a unit's outputs beside our own code.
BESIDE: Final = ("polars", "numpy", "deltalake")


@cache
def code_version() -> str:
    """Return the version of the suite and a digest of its code, `0.1.0+3f9a0c12d4e5`, as this process found it."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {[_version(name) for name in BESIDE]}".encode())
    root = Path(__file__).parents[3]
    files = [path for name in PACKAGES for path in (root / name).rglob("*") if path.is_file()]
    for path in sorted(path for path in files if "__pycache__" not in path.parts):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)
    return f"{_version('smecredit')}+{digest.hexdigest()[:12]}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a folder, or not needed by the services that are installed
        return "none"
