"""Forward the notices of the profile service (corrections, repairs, terms) to its clients, by the signed webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from services.matching.clients import Notice
from services.matching.context import Context
from services.matching.tables import NoticeCursor
from services.matching.usecases.notify import enqueue


def forward_notices(context: Context) -> int:
    """Leave a message for every notice since the last call, and return how many notices there were. May be repeated.

    The first call only notes the newest notice: a new service does not forward earlier ones.
    """
    with context.database.read() as session:
        after = session.scalar(select(NoticeCursor.after))
    notices = context.profile.notices_since(after, context.identity().own_headers())
    if after is None:
        with context.database.begin() as session:
            session.add(NoticeCursor(id=1, after=notices.last or ""))
        return 0
    return _forward(context, after, notices.items)


def _forward(context: Context, after: str, notices: Sequence[Notice]) -> int:
    if not notices:
        return 0
    with context.database.begin() as session:
        moved = update(NoticeCursor).where(NoticeCursor.after == after).values(after=notices[-1].id)
        # Another worker may have done it meanwhile.
        if session.execute(moved).rowcount == 0:  # type: ignore[attr-defined]
            return 0
        for notice in notices:
            data = {"notice": notice.id, "enterprise": notice.enterprise, "act": notice.act}
            whose = {"clients": [notice.client]} if notice.client else {"enterprise": notice.enterprise}
            enqueue(session, f"notice.{notice.event}", data, **whose)
    return len(notices)
