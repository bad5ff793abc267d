"""Granting a source what it may send, ending that, and asking for it wherever data comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from services.profile.book import source_grant_store, tables
from services.profile.book.context import Context
from services.profile.book.domain.source_grant import (
    NEED_NONE,
    NO_BOUNDS,
    Asked,
    Bounds,
    GrantNotFound,
    GrantOver,
    ImpossibleGrant,
    bounds,
    covering,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client is granted, and the document on which that rests; without a last day until it is ended."""

    client: str
    kinds: Sequence[str]
    channels: Sequence[str]
    document: str
    enterprises: Sequence[str] | None = None
    expires_on: date | None = None


def grant(context: Context, session: Session, by: str, terms: Terms) -> tables.SourceGrant:
    """Store a grant; its terms never change: another is given, and this one ended."""
    if terms.expires_on is not None and terms.expires_on < context.today():
        raise ImpossibleGrant(
            f"expires_on {terms.expires_on} is over; give today or a later day, or leave it out. "
            "/ 截止日已过，请填写今天或以后的日期，或留空。",
            expires_on=terms.expires_on.isoformat(),
        )
    firms = None if terms.enterprises is None else sorted(set(terms.enterprises))
    row = tables.SourceGrant(
        id=new_id("sgr"),
        client=terms.client,
        kinds=sorted(set(terms.kinds)),
        channels=sorted(set(terms.channels)),
        enterprises=firms,
        document=terms.document,
        expires_on=terms.expires_on,
        granted_by=by,
        granted_at=context.now(),
    )
    session.add(row)
    session.flush()
    return row


def end(context: Context, session: Session, by: str, name: str, reason: str) -> tables.SourceGrant:
    """End a grant at once: what was received under it stays, and nothing more is."""
    row = source_grant_store.hold(session, name)
    if row is None:
        raise GrantNotFound("There is no such grant. / 没有该报送授权。", id=name[:40])
    if row.ended_at is not None:
        raise GrantOver("The grant has ended already. / 该报送授权已终止。", id=row.id)
    row.ended_at, row.ended_by, row.ended_reason = context.now(), by, reason
    return row


def require(context: Context, caller: Caller, asked: Asked) -> list[str] | None:
    """Return the ids of the live grants under which a caller sends this; None where none is needed.

    Raise `NotGranted` where none covers it.
    """
    if caller.role in NEED_NONE:
        return None
    with context.database.read() as session:
        grants = source_grant_store.live(session, caller.client, context.today())
    return [one.id for one in covering(caller.client, asked, grants)]


def granted_kinds(context: Context, caller: Caller, kinds: Sequence[str]) -> list[str]:
    """Return those of the kinds that a caller may send by some channel."""
    if caller.role in NEED_NONE:
        return list(kinds)
    with context.database.read() as session:
        grants = source_grant_store.live(session, caller.client, context.today())
    return [kind for kind in kinds if any(one.covers(Asked(kind)) for one in grants)]


def bounds_of(context: Context, order: tables.Import) -> Bounds:
    """Return of which firms the rows of a file received may be: the grants say so under which it came."""
    if order.granted is None:
        return NO_BOUNDS
    with context.database.read() as session:
        return bounds(Asked(order.kind, order.channel), source_grant_store.named(session, order.granted))
