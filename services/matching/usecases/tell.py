"""Sending on what the profile service has to tell its clients: corrections, repairs, terms, by the signed webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from services.matching.context import Context
from services.matching.tables import NoticeCursor
from services.matching.usecases.notify import enqueue


def tell(context: Context) -> int:
    """Leave a message for every notice since the last time, and return how many notices there were. May be repeated.

    The first look only notes where the notices stand: nobody is told by webhook what was told before there was one.
    """
    with context.database.read() as session:
        after = session.scalar(select(NoticeCursor.after))
    told = context.profile.told(after, context.identity().own_headers())
    if after is None:
        with context.database.begin() as session:
            session.add(NoticeCursor(id=1, after=told["last"] or ""))
        return 0
    return _send_on(context, after, told["items"])


def _send_on(context: Context, after: str, notices: list[Mapping[str, Any]]) -> int:
    if not notices:
        return 0
    with context.database.begin() as session:
        moved = update(NoticeCursor).where(NoticeCursor.after == after).values(after=notices[-1]["id"])
        # Another worker may have done it meanwhile.
        if session.execute(moved).rowcount == 0:  # type: ignore[attr-defined]
            return 0
        for each in notices:
            data = {"notice": each["id"], "enterprise": each["enterprise"], "act": each["act"]}
            enqueue(session, each["client"], f"notice.{each['event']}", data)
    return len(notices)
