"""The log of a Delta table: when its last import became known, and that a commit is on the disk."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import orjson
from deltalake import DeltaTable

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def last_import(table: DeltaTable, version: int) -> datetime:
    """Return when the last import up to a version became known."""
    known = [
        datetime.fromisoformat(orjson.loads(entry["import"])["known_at"])
        for entry in table.history()
        if entry["version"] <= version and "import" in entry
    ]
    return max(known, default=BEFORE_ALL)


def harden(folder: Path, version: int) -> None:
    """Bring a local commit to the disk: the writer leaves it in the page cache, and a power cut would take it."""
    log = folder / "_delta_log" / f"{version:020}.json"
    added = [orjson.loads(line).get("add") for line in log.read_bytes().splitlines()]
    files = [folder / unquote(add["path"]) for add in added if add]
    for path in [*files, *{file.parent for file in files}, folder, log, log.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
