"""Files by name at one place: a local folder, or an object store that several machines share (ADR 51)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chassis.data.files.cache import Cache, cache_here
from chassis.data.files.folder import Folder
from chassis.data.files.kept import Files, Kept, borrowed, sweep
from chassis.data.files.objects import Objects, StoreUnreachable

__all__ = [
    "Cache",
    "Files",
    "Folder",
    "Kept",
    "Objects",
    "StoreUnreachable",
    "borrowed",
    "cache_here",
    "files_at",
    "sweep",
]


def files_at(url: str, scratch: Path, options: Mapping[str, str] | None = None) -> Files:
    """Return the files at a place: a folder, or an object store (`s3://…`) that borrows room in `scratch`.

    `options` are the store's own beside the usual `AWS_*`.
    """
    local = url.removeprefix("file://")
    return Objects(url, scratch, options) if "://" in local else Folder(Path(local))
