"""Connectors of one's own: saved as versions that never change, chosen for an import, retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, Invalid, NotFound, Outdated
from chassis.core.identity import Caller
from chassis.core.versions import named, stands
from services.profile.book import connector_store
from services.profile.book.context import Context
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.connector import BrokenConnector, Connector, connector
from services.profile.book.domain.declaration import declared
from services.profile.book.domain.source_grant import Asked
from services.profile.book.readers.forms import connectors
from services.profile.book.tables import SavedConnector
from services.profile.book.usecases.grant_source import require

MOST_OWN = 100
AT = "@"
LONGEST_NUMBER = 10


class ConnectorRefused(Invalid):
    """A declaration contradicts itself or its kind."""


class ConnectorNotFound(NotFound):
    """There is no such connector, or it is another client's."""


class NameTaken(Conflict):
    """A shipped connector has this name, or no more can be saved."""


def save(
    context: Context, session: Session, caller: Caller, name: str, document: Mapping[str, Any], expected: int | None
) -> tuple[SavedConnector, bool]:
    """Save the next version of a connector, or its first; the same again changes nothing. Tell whether it is new.

    `expected` is the version that the caller means to replace; raises `Outdated` where it is not the newest.
    """
    if name in connectors():
        raise NameTaken(
            f"A connector that comes with the service is called {name}; choose another name. "
            "/ 该名称已用于系统自带的数据源映射，请另取名称。"
        )
    if (kind := str(document["kind"])) in KINDS:
        require(context, caller, Asked(kind))
    try:
        declared(name, document)
    except BrokenConnector as broken:
        raise ConnectorRefused(f"{broken} / 映射声明有误，请按所指字段更正后重新保存。") from None
    before = connector_store.newest(session, caller.client, name)
    _must_be(expected, before)
    if before is None and connector_store.count(session, caller.client) >= MOST_OWN:
        raise NameTaken(
            f"You have {MOST_OWN} connectors; save this as a version of one of them. "
            "/ 自建映射数量已达上限，请存为已有映射的新版本。"
        )
    text = orjson.dumps(document).decode()  # in the sender's order: titles that come first are preferred
    if before is not None and before.retired_at is None and before.declared == text:
        return before, False
    return _add(context, session, caller, name, text, before.version + 1 if before else 1), before is None


def _add(context: Context, session: Session, caller: Caller, name: str, declared: str, version: int) -> SavedConnector:
    row = SavedConnector(
        client=caller.client,
        name=name,
        version=version,
        declared=declared,
        saved_at=context.now(),
        retired_at=None,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise Outdated(
            f"Version {version} of {name} was saved at this moment; read it and decide anew. "
            "/ 该版本刚刚已被保存，请重新读取后再决定。"
        ) from None
    return row


def retire(context: Context, session: Session, caller: Caller, name: str, expected: int | None) -> None:
    """End a connector for new imports; its versions stay, and imports under way keep theirs."""
    row = newest(session, caller.client, name)
    _must_be(expected, row)
    if row.retired_at is None:
        row.retired_at = context.now()


def _must_be(expected: int | None, newest: SavedConnector | None) -> None:
    if not stands(expected, newest.version if newest else 0):
        raise Outdated(
            f"You meant {named(expected)}, the newest is {newest.version if newest else 'none'}; read it again. "
            "/ 所指版本不是最新版本，请重新读取。"
        )


def newest(session: Session, client: str, name: str) -> SavedConnector:
    """Return the newest version of a client's connector; raise `ConnectorNotFound` where there is none."""
    return versions(session, client, name)[0]


def versions(session: Session, client: str, name: str) -> Sequence[SavedConnector]:
    """Return all versions of a client's connector, newest first; raise `ConnectorNotFound` where there is none."""
    found = connector_store.versions(session, client, name)
    if not found:
        raise ConnectorNotFound(
            "There is no such connector of yours; GET /v1/connectors lists them. "
            "/ 您没有该数据源映射，可用 GET /v1/connectors 查询。"
        )
    return found


def chosen(session: Session, client: str, asked: str | None) -> tuple[str | None, Mapping[str, Connector]]:
    """Return the connector that an import names as the import keeps it, and the client's own one where it is that.

    An own one is kept as `name@version`: its newest version at this moment unless one is named. A shipped name stays.
    """
    name, _, number = (asked or "").partition(AT)
    row = connector_store.newest(session, client, name) if name else None
    if row is not None and row.retired_at is None and number:
        row = _version(session, client, name, number)
    if row is None or row.retired_at is not None:
        return asked, {}
    key = f"{row.name}{AT}{row.version}"
    return key, {key: built(row)}


def kept(session: Session, client: str, key: str | None) -> Mapping[str, Connector]:
    """Return the connector of one's own that an import keeps as `name@version`, retired since or not."""
    name, _, number = (key or "").partition(AT)
    row = _version(session, client, name, number) if number else None
    return {key: built(row)} if row and key else {}


def name_of(key: str | None) -> str | None:
    """Return the name of the connector that an import keeps, without its version."""
    return key.partition(AT)[0] if key else None


def _version(session: Session, client: str, name: str, number: str) -> SavedConnector | None:
    plain = number.isascii() and number.isdecimal() and len(number) < LONGEST_NUMBER
    return connector_store.version(session, client, name, int(number)) if plain else None


def built(row: SavedConnector) -> Connector:
    """Return the connector of a saved version."""
    try:
        return _built(row.name, row.declared)
    except BrokenConnector as broken:
        raise ConnectorRefused(
            f"The connector {row.name} does not fit this release, save it anew: {broken} "
            "/ 该映射与当前版本不符，请按提示更正后重新保存。"
        ) from None


@lru_cache(maxsize=256)
def _built(name: str, document: str) -> Connector:
    # By its words and not by its number: processes and databases never disagree about words.
    return connector(name, orjson.loads(document))
