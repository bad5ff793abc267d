"""Backing up one service, and bringing it back: its database at one moment, and the files that this copy names.

What names files goes in before them: the database first, then what it speaks of. A file that was erased in between
(what is past its keeping must not live on in a backup) makes the whole begin anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chassis.core.errors import Refused
from chassis.data import dump
from chassis.data.dump import Copy
from chassis.data.files import Kept
from chassis.data.vault import Entry, Part, Vault, vault_at

MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A file that belongs into a backup, which is opened when its turn comes.

    `kept` is named where nobody writes to the file once it is there: what an earlier backup holds of it, of this size
    and written at the same moment, is not read again. A lake that is made again or restored gives other files the same
    names, and often the same sizes. `optional` is one that may be gone, or may never have been.
    """

    name: str
    open: Callable[[], AbstractContextManager[Path]]
    kept: Kept | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """What a copy of the database names: files, and facts for whoever brings them back."""

    sources: Sequence[Source] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class ErasedMeanwhile(Refused):
    """Files that a copy of the database names are not there, in copy after copy."""


def nothing(_: Copy) -> Named:
    """Return the files of a service that has none."""
    return Named()


def back_up(vault: Vault, moment: str, service: str, url: str, named: Callable[[Copy], Named] = nothing) -> Part:
    """Put a running service into the backup of a moment, and return what was put in.

    `named` reads from the copy of its database which files belong to it. Raises `ErasedMeanwhile`.
    """
    before = vault.latest(service)
    held, missing = before.named() if before else {}, ""
    for _ in range(MOST_ATTEMPTS):
        with tempfile.TemporaryDirectory() as folder, dump.copied(url, Path(folder)) as copy:
            entries = [vault.keep(copy.file.name, copy.file)]
            try:
                told = named(copy)
                entries += _kept(vault, told.sources, held)
            except FileNotFoundError as gone:
                missing = str(gone)
                continue
        part = Part(service, tuple(entries), told.facts)
        vault.write_part(moment, part)
        return part
    raise ErasedMeanwhile(
        f"{missing} of {service} is not there, and its database names it: it is being erased (try again), or it is "
        "lost (smecredit verify)"
    )


def bring_back(
    vault: Vault, moment: str, service: str, url: str, place: Callable[[str, Path], object] | None = None
) -> Part:
    """Make a service what a backup says: its files by `place` (name, a file of this machine), then its database.

    The database comes last: a service that is half brought back is none, and can be brought back again.
    """
    part = vault.part(moment, service)
    dump.require_empty(url)
    with tempfile.TemporaryDirectory() as folder:
        for entry in part.entries:
            if entry.name not in dump.NAMES and place is not None:
                with _fetched(vault, entry, Path(folder)) as file:
                    place(entry.name, file)
        (database,) = [entry for entry in part.entries if entry.name in dump.NAMES]
        with _fetched(vault, database, Path(folder)) as file:
            dump.restore(file, url)
    return part


def save_to(
    place: str, moment: str, service: str, url: str, named: Callable[[Copy], Named] = nothing
) -> dict[str, Any]:
    """Put a running service into the backup of a moment at a place (a folder or an object store); tell what went in."""
    with vault_at(place) as vault:
        return back_up(vault, moment, service, url, named).as_told()


def fetch_from(
    place: str, moment: str, service: str, url: str, put: Callable[[str, Path], object] | None = None
) -> dict[str, Any]:
    """Bring a service back from the backup of a moment at a place, into an empty one; tell what came."""
    with vault_at(place) as vault:
        return bring_back(vault, moment, service, url, put).as_told()


def _kept(vault: Vault, sources: Sequence[Source], held: Mapping[str, Entry]) -> Iterator[Entry]:
    for source in sources:
        entry = held.get(source.name)
        if entry is not None and _is_same(source.kept, entry) and vault.holds(entry):
            yield entry
            continue
        try:
            with source.open() as path:
                yield replace(vault.keep(source.name, path), written=source.kept.written if source.kept else None)
        except FileNotFoundError:
            if not source.optional:
                raise


def _is_same(kept: Kept | None, entry: Entry) -> bool:
    return kept is not None and (kept.size, kept.written) == (entry.size, entry.written)


@contextmanager
def _fetched(vault: Vault, entry: Entry, folder: Path) -> Iterator[Path]:
    file = folder / entry.name.rpartition("/")[2]
    vault.fetch(entry, file)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
