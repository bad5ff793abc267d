"""Listing enterprises: who they are, to those who name them or whom they have consented to. It opens no file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from services.profile.book import enterprise_store
from services.profile.book.context import Context
from services.profile.book.tables import Enterprise
from services.profile.rights import consent_store
from services.profile.rights.domain.consent import purpose_of
from services.profile.standards.names import Book

SEES_ALL = frozenset({"operator", "source", "service"})


def listed(
    context: Context, session: Session, reader: Caller, wanted: str | None, purpose: str | None, name: str | None
) -> Select[Any]:
    """Return the query of the enterprises that a client may list.

    All for operators, sources and services; itself for an enterprise; for banks and platforms those whose consent they
    hold, for `purpose` where one is given. `wanted` is one id, `name` a name in any spelling.
    """
    query = select(Enterprise)
    if wanted:
        query = query.where(Enterprise.id == wanted)
    if reader.role == "enterprise":
        query = query.where(Enterprise.id == reader.enterprise)
    elif reader.role not in SEES_ALL:
        query = query.where(Enterprise.id.in_(_consenting(context, session, reader.client, wanted, purpose)))
    return query.where(Enterprise.id.in_(_named(session, query, name))) if name else query


def roster(
    context: Context, session: Session, reader: Caller, known_at: datetime | None
) -> tuple[tuple[str, str], ...]:
    """Return the firms with a name that a client may list, by id, as they were named at a time (None: now)."""
    visible = listed(context, session, reader, None, None, None)
    rows = session.execute(visible.with_only_columns(Enterprise.id, Enterprise.name))
    names = {row.id: row.name for row in rows}
    if known_at is not None:
        names = {firm.id: firm.name for firm in enterprise_store.enterprises_at(session, known_at, sorted(names))}
    return tuple(sorted((firm, name) for firm, name in names.items() if name))


def _named(session: Session, visible: Select[Any], written: str) -> list[str]:
    """Return the one visible firm of a name, or all that it may be. A code, where there is one, beats any name."""
    firms = session.execute(visible.with_only_columns(Enterprise.id, Enterprise.name))
    found = Book((firm, name) for firm, name in firms).find(written)
    return [found.enterprise] if found.enterprise else list(found.candidates)


def _consenting(
    context: Context, session: Session, client: str, enterprise: str | None, purpose: str | None
) -> list[str]:
    today, wanted = context.today(), purpose_of(purpose) if purpose else None
    held = consent_store.consents(session, client, [enterprise] if enterprise else None)
    return sorted(
        {
            consent.enterprise
            for consent in held
            if consent.valid_until >= today and (wanted is None or wanted in consent.purposes)
        }
    )
