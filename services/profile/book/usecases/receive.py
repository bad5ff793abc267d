"""Taking in a file: it is on disk and in the queue before the sender hears that it was received."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from chassis.core.errors import Invalid, NotFound, TooLarge
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.data import jobs
from services.profile.book import import_store, tables
from services.profile.book.context import Context
from services.profile.book.domain.channel import NotYourChannel, channel_of
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.source_grant import Asked
from services.profile.book.readers.forms import form_of
from services.profile.book.usecases.agree import SECONDS, agree
from services.profile.book.usecases.allow import allowance, allowance_in_turn
from services.profile.book.usecases.connect import chosen, name_of
from services.profile.book.usecases.grant_source import require as require_grant
from services.profile.standards.days import day_of

CHUNK = 1 << 20
JOB = jobs.Kind("import", "imports")
LONGEST_NAME = 200


class UnknownKind(Invalid):
    """The kind of import is not one that is known."""


class KeyReused(Invalid):
    """An idempotency key came back with another file."""


class StatedAhead(Invalid):
    """A file says that it was made on a day that has not come."""


class ImportNotFound(NotFound):
    """There is no such import, or it is another client's."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came with a file: see `tables.Import`; `channel` as the sender named it, if it did."""

    kind: str
    file: str
    key: str | None = None
    channel: str | None = None
    connector: str | None = None
    enterprise: str | None = None
    stated_on: date | None = None


def require_room(context: Context, caller: Caller, key: str | None, announced: int) -> None:
    """Raise where what a request says to bring is more than it may; to be asked before a byte of it is read."""
    _room(context, caller, key)(announced)


def receive(context: Context, caller: Caller, delivery: Delivery, stream: IO[bytes]) -> str:
    """Store the file as received, then its import and its job in one transaction; return the import's id.

    The same idempotency key with the same file gives the import that it made before.
    """
    if delivery.kind not in KINDS:
        raise UnknownKind(f"kind must be one of: {', '.join(KINDS)}. / 数据种类应为以上之一。", kind=delivery.kind[:40])
    channel = channel_of(delivery.channel, caller.role, delivery.kind)
    if delivery.stated_on and delivery.stated_on > day_of(context.now()):
        raise StatedAhead(
            f"stated_on {delivery.stated_on} lies in the future; give the day on which the source made the file. "
            "/ stated_on 晚于今天，请填写来源方制作该文件的日期。",
            stated_on=delivery.stated_on.isoformat(),
        )
    with context.database.read() as session:
        kept, saved = chosen(session, caller.client, delivery.connector)
    form_of(delivery.kind, kept, delivery.enterprise, saved)
    delivery = replace(delivery, channel=channel, enterprise=about(caller, delivery.enterprise))
    granted = require_grant(context, caller, Asked(delivery.kind, channel, delivery.enterprise))
    agree(context, within=SECONDS)
    import_id = new_id("imp")
    sha256, size = _keep(context, import_id, stream, _room(context, caller, delivery.key))
    try:
        with _no_file_without_row(context, import_id), context.database.begin() as session:
            # Another file of the client's, or this one, may have come meanwhile.
            allowed = allowance_in_turn(context, session, caller.client)
            if delivery.key and (before := _before(session, caller, delivery, sha256)):
                context.uploads.delete(import_id)
                return before
            allowed.require(size)
            session.add(
                tables.Import(
                    id=import_id,
                    kind=delivery.kind,
                    file=Path(delivery.file).name[:LONGEST_NAME],
                    client=caller.client,
                    sha256=sha256,
                    size=size,
                    idempotency_key=delivery.key,
                    channel=channel,
                    connector=kept,
                    enterprise=delivery.enterprise,
                    stated_on=delivery.stated_on,
                    granted=granted,
                    created_at=context.now(),
                )
            )
            jobs.order(session, JOB, {}, caller=caller, job_id=import_id)
    except IntegrityError:
        # Another request with this key was quicker by a moment: its import is the answer to both.
        with context.database.read() as session:
            quicker = delivery.key and _before(session, caller, delivery, sha256)
        if not quicker:
            raise
        return quicker
    return import_id


@contextmanager
def _no_file_without_row(context: Context, import_id: str) -> Iterator[None]:
    """Delete a file received where its import is not noted.

    Where the database went away in the commit nobody knows whether it landed; if it did, the job needs the file.
    """
    try:
        yield
    except Exception as error:
        if not (isinstance(error, DBAPIError) and error.connection_invalidated):
            context.uploads.delete(import_id)
        raise


def about(caller: Caller, named: str | None) -> str | None:
    """Return the enterprise that an import is about: an enterprise sends its own data only."""
    if caller.role != "enterprise":
        return named
    if caller.enterprise is None or named not in (None, caller.enterprise):
        raise NotYourChannel(
            "An enterprise sends its own data only; leave enterprise out. "
            "/ 企业只能报送自身数据，请不要填写 enterprise。"
        )
    return caller.enterprise


def _before(session: Session, caller: Caller, delivery: Delivery, sha256: str) -> str | None:
    row = import_store.import_with(session, caller.client, delivery.key)
    if row is None:
        return None
    same = ("kind", "channel", "enterprise", "stated_on")
    mapped = delivery.connector in {row.connector, name_of(row.connector)}
    if row.sha256 != sha256 or not mapped or any(getattr(row, name) != getattr(delivery, name) for name in same):
        raise _reused()
    return row.id


def _reused() -> KeyReused:
    return KeyReused(
        "This Idempotency-Key came with another file before; use a new key for a new file. "
        "/ 该幂等键已用于其他文件，新文件请用新键。"
    )


def _room(context: Context, caller: Caller, key: str | None) -> Callable[[int], None]:
    """Return what raises where a file has too many bytes: more than are left, or than came under its key before.

    What came before is answered again whatever is left, and counts nothing a second time.
    """
    with context.database.read() as session:
        before = import_store.import_with(session, caller.client, key) if key else None
        if before is None:
            return allowance(context, session, caller.client).require
        return partial(_require_no_more, before.size)


def _require_no_more(came: int, size: int) -> None:
    if size > came:
        raise _reused()


def _keep(context: Context, import_id: str, stream: IO[bytes], require: Callable[[int], None]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with context.uploads.writing(import_id) as file:
        for chunk in within(stream, context.settings.largest_upload):
            size += len(chunk)
            require(size)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest(), size


def within(stream: IO[bytes], limit: int) -> Iterator[bytes]:
    """Give a file piece by piece; raise `TooLarge` where it is more than `limit` bytes."""
    size = 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(
                f"The file is larger than {limit >> 20} MiB; split it. / 文件过大，请拆分后报送。", limit_bytes=limit
            )
        yield chunk
