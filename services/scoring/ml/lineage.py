"""Where a model comes from: names for the rows that it was trained on and for the code that trained it."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import orjson
import polars as pl

_ROOMS = ("domain", "ml")


def rows_sha256(frame: pl.DataFrame) -> str:
    """Return the digest of a table's content: columns by name, rows by enterprise, whatever order they came in."""
    ordered = frame.select(sorted(frame.columns)).sort("enterprise")
    digest = hashlib.sha256(orjson.dumps(ordered.columns))
    for name in ordered.columns:
        digest.update(orjson.dumps(ordered[name].to_list(), default=str))
    return digest.hexdigest()


@cache
def code() -> dict[str, str]:
    """Return the release, and a hash of every source file that can change a model or a score."""
    service = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (service / room).rglob("*.py")):
        digest.update(orjson.dumps(str(path.relative_to(service))))
        digest.update(path.read_bytes())
    return {"release": _release(), "sha256": digest.hexdigest()}


def _release() -> str:
    try:
        return version("smecredit")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "source"
