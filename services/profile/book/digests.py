"""Digests of the files of a lake in a folder: noted with each commit, so that a byte that became another is found.

What reads a file finds where it cannot be unpacked; a byte that turns into another valid one it takes as written. An
object store keeps digests of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

# Readers of Delta tables pass over what begins so, and so does what removes files that no version names.
FOLDER = "_digests"


def note(lake: Path, version: int, files: Iterable[Path]) -> None:
    """Note the digests of the files that a version brought; the same again where it was noted before."""
    found = {str(file.relative_to(lake)): _sha256(file) for file in files}
    (lake / FOLDER).mkdir(exist_ok=True)
    place = _place(lake, version)
    beside = place.with_suffix(".part")
    beside.write_bytes(orjson.dumps(found))
    beside.replace(place)


def is_noted(lake: Path, version: int) -> bool:
    """Tell whether the digests of a version were noted: the last step of a commit."""
    return _place(lake, version).exists()


def known(lake: Path) -> Mapping[str, str]:
    """Return the digest of each file that one was noted of, by its place in the lake."""
    found: dict[str, str] = {}
    for place in sorted((lake / FOLDER).glob("*.json")):
        try:
            found |= orjson.loads(place.read_bytes())
        except orjson.JSONDecodeError:
            continue  # a note that is damaged tells nothing; the files are read all the same
    return found


def _place(lake: Path, version: int) -> Path:
    return lake / FOLDER / f"{version:020}.json"


def differs(file: Path, sha256: str) -> str | None:
    """Return the digest of a file where it is not this one."""
    return None if (found := _sha256(file)) == sha256 else found


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
