"""A look at a file before it is sent: which kind it is, what its columns are to us, how its rows would be booked.

Only its head is read; nothing is stored, nothing booked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.data.files import borrowed
from services.profile.book import connector_store
from services.profile.book.context import Context
from services.profile.book.domain.channel import OWN_KINDS, channel_of
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.connector import Connector
from services.profile.book.domain.source_grant import Asked, NotGranted
from services.profile.book.readers.cut import SECONDS, Head, cut
from services.profile.book.readers.forms import connectors, form_of
from services.profile.book.readers.sheets import EmptyFile, Limits
from services.profile.book.readers.signature import Sort
from services.profile.book.usecases.connect import AT, ConnectorRefused, built, chosen
from services.profile.book.usecases.grant_source import granted_kinds, require
from services.profile.book.usecases.receive import UnknownKind, about, within
from services.profile.book.usecases.try_out import Findings, Setting, try_out
from services.profile.standards.days import day_of

# What no mapping is needed for: the kind says how it is read.
NEEDS_NO_MAPPING = frozenset({Sort.XML, Sort.OFD, Sort.ZIP})
# Of a text no more than this is kept; its head is cut from it.
TEXT_KEPT = 8 << 20
WHOLE_ONLY = (b"PK", b"PAR1", b"\xd0\xcf", b"[", b"{", b"<")
# What a look may take of the memory of a web process; the head of an honest file takes a tenth of it.
LOOK_BYTES = 256 << 20
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is said of a file that is to be looked at: as of an import, but its kind may be left open."""

    kind: str | None = None
    connector: str | None = None
    enterprise: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file is, and what was found of its table; nothing for a form of file that needs no mapping."""

    head: Head
    found: Findings | None


def preview(context: Context, caller: Caller, wish: Wish, stream: IO[bytes]) -> Preview:
    """Look at the head of a file; raise a `Refused` where no import could use it either."""
    enterprise = about(caller, wish.enterprise)
    kinds = _kinds(context, caller, wish.kind, enterprise)
    with context.database.read() as session:
        known = _named(session, caller, wish) if wish.connector else {**connectors(), **_own(session, caller.client)}
    if wish.connector:
        kinds = [one.form.kind for one in known.values()]
        for kind in kinds:
            require(context, caller, Asked(kind, None, enterprise))
    with _kept(context, stream) as path:
        head = cut(path)
        if head.sort in NEEDS_NO_MAPPING:
            return Preview(head, None)
        limits = Limits(unpacked=context.settings.largest_unpacked, memory=LOOK_BYTES, seconds=SECONDS)
        today = day_of(context.now())
        setting = Setting(limits, enterprise, today, only_connectors=bool(wish.connector))
        return Preview(head, try_out(path, setting, known, kinds))


def _kinds(context: Context, caller: Caller, asked: str | None, enterprise: str | None) -> list[str]:
    """Return the kinds that the caller may import, or the one that is asked for; raise `NotGranted` where none is."""
    if asked is None:
        own = [kind for kind in KINDS if caller.role != "enterprise" or kind in OWN_KINDS]
        granted = granted_kinds(context, caller, own)
        if not granted:
            raise NotGranted(
                f"{caller.client} is granted no kind. The operator grants some: POST /v1/source-grants. "
                "/ 尚未获授权报送任何数据，可请运营方授权。",
                asked={"kind": None, "channel": None, "enterprise": enterprise},
                granted=[],
            )
        return granted
    if asked not in KINDS:
        raise UnknownKind(f"kind must be one of: {', '.join(KINDS)}. / 数据种类应为以上之一。", kind=asked[:40])
    channel_of(None, caller.role, asked)
    require(context, caller, Asked(asked, None, enterprise))
    return [asked]


def _named(session: Session, caller: Caller, wish: Wish) -> dict[str, Connector]:
    """Return the one connector that is named; refused as an import would be."""
    key, own = chosen(session, caller.client, wish.connector)
    known = {**connectors(), **own}
    kind = wish.kind or (known[key].form.kind if key in known else next(iter(KINDS)))
    form_of(kind, key, None, own)
    channel_of(None, caller.role, kind)
    return {key: known[key]} if key else {}


def _own(session: Session, client: str) -> dict[str, Connector]:
    """Return the client's connectors, but for those that an older release took and this one does not."""
    found = {}
    for row in connector_store.live(session, client):
        try:
            found[f"{row.name}{AT}{row.version}"] = built(row)
        except ConnectorRefused:
            continue
    return found


@contextmanager
def _kept(context: Context, stream: IO[bytes]) -> Iterator[Path]:
    """Keep a file while it is looked at; of a text its first part, the rest passes by."""
    with borrowed(context.settings.scratch) as folder:
        path, size, whole = folder / "file", 0, True
        with path.open("wb") as file:
            for chunk in within(stream, context.settings.largest_upload):
                if size == 0:
                    whole = chunk.removeprefix(BOM).lstrip().startswith(WHOLE_ONLY)
                if whole or size < TEXT_KEPT:
                    file.write(chunk)
                size += len(chunk)
        if size == 0:
            raise EmptyFile(
                "The file is empty; send it again with a header line and rows. / 文件为空，请报送含表头和数据的文件。"
            )
        yield path
