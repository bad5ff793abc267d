"""What of the book belongs into a backup: the lakes as far as a copy of the database names them, and received files.

A lake is taken up to the version that the copy names, and on over commits that bring nothing (joined files, erased
records): what an import appended that the copy does not know yet stays out, and its job does it again. Data of earlier
versions come along where they are still there, so that a past moment reads as it did.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import orjson
from sqlalchemy import select

from chassis.data.backups import Named, Source
from chassis.data.dump import Copy
from chassis.data.files import Files, Kept, files_at
from services.profile.book import step_store, tables
from services.profile.book.context import Context
from services.profile.book.party_key import KEY_FILE

LAKES, UPLOADS = "lakes", "uploads"
# An entry of a table's log, or a checkpoint that sums the entries up to it: both bear their version.
LOGGED = re.compile(r"_delta_log/(\d{20})\..*")
ENTRY = re.compile(r"_delta_log/(\d{20})\.json")
# What only names the newest checkpoint: a reader finds it without.
POINTER = "_delta_log/_last_checkpoint"


def named(context: Context, copy: Copy) -> Named:
    """Return the files that a copy of the database names, and the secret keys of the home that are no part of it."""
    versions = step_store.lake_versions(copy.connection)
    sources = [*_uploads(context, copy)]
    for kind in context.lakes:
        sources += _lake(context, kind, versions.get(kind, 0))
    keys = [] if context.settings.party_key else [KEY_FILE]
    if not context.settings.ledger_keys:
        keys.append(context.settings.ledger_key_file.name)
    there = [key for key in keys if (context.settings.home / key).exists()]
    return Named(sources, {"keys": there, "versions": versions})


def put_back(context: Context, name: str, file: Path) -> None:
    """Put a file of a backup in its place; raise `FileExistsError` where another has its name."""
    first, _, rest = name.partition("/")
    kind, _, inner = rest.partition("/")
    files, inner = (context.uploads, rest) if first == UPLOADS else (lake_files(context, kind), inner)
    with files.writing(inner) as place, file.open("rb") as kept:
        shutil.copyfileobj(kept, place)


def lake_files(context: Context, kind: str) -> Files:
    """Return the files of a kind's lake."""
    return files_at(context.lakes[kind].url, context.settings.scratch, context.settings.lake_options)


def _uploads(context: Context, copy: Copy) -> Iterator[Source]:
    """Give the received files of imports that the copy knows, and what was said of their rejected rows."""
    imports = tables.Import
    finished = dict(copy.connection.execute(select(imports.id, imports.finished_at)).all())
    for kept in context.uploads.list():
        order = kept.name.partition(".")[0]
        if order in finished:
            yield _source(UPLOADS, context.uploads, kept, optional=finished[order] is not None)


def _lake(context: Context, kind: str, version: int) -> Iterator[Source]:
    """Give the files of a lake up to a version, and of the commits after it that bring nothing.

    Raises `FileNotFoundError` where one is missing that the table reads.
    """
    files = lake_files(context, kind)
    listed = {kept.name: kept for kept in files.list()}
    cut, later = _cut(files, listed, version)
    lacking = set(context.lakes[kind].paths(cut)) - listed.keys()
    if lacking:
        raise FileNotFoundError(f"{kind}: {min(lacking)}")
    for name, kept in listed.items():
        logged = LOGGED.fullmatch(name)
        if name != POINTER and name not in later and (logged is None or int(logged[1]) <= cut):
            yield _source(f"{LAKES}/{kind}", files, kept)


def _cut(files: Files, listed: Iterable[str], version: int) -> tuple[int, set[str]]:
    """Return up to which version a lake is taken, and the files that came after it."""
    log = sorted((int(found[1]), name) for name in listed if (found := ENTRY.fullmatch(name)))
    cut, later = version, set[str]()
    for number, name in log:
        if number > version:
            actions = [orjson.loads(line) for line in files.read(name).splitlines()]
            if cut == number - 1 and not any("import_id" in action.get("commitInfo", ()) for action in actions):
                cut = number
            else:
                later |= {unquote(action["add"]["path"]) for action in actions if "add" in action}
    return cut, later


def _source(folder: str, files: Files, kept: Kept, *, optional: bool = False) -> Source:
    return Source(f"{folder}/{kept.name}", partial(files.open, kept.name), kept, optional)
