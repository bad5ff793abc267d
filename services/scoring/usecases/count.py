"""What counts for a client where its orders do not say: set by the client itself, in versions that never change."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.core.errors import Outdated
from chassis.core.identity import Caller
from chassis.data import ledger
from services.scoring.domain.counting import Counts
from services.scoring.store import counting
from services.scoring.tables import CountingPolicy

KIND = "counting-policy"
PASSED = "version {found} of what counts is the newest; read it again. / 计入口径已被更新，请重新读取后再决定。"


def set_policy(
    session: Session, caller: Caller, counts: Counts | None, note: str | None, expected: int | None
) -> CountingPolicy | None:
    """Set what counts for a client from now on, None: as is usual here; return the version that holds.

    The same again changes nothing. `expected` is the version that the caller means to replace, 0 where there is none;
    raises `Outdated` where it is not the newest.
    """
    before = counting.newest(session, caller.client)
    version = before.version if before else 0
    if expected is not None and expected != version:
        raise Outdated(f"You meant version {expected}, but {PASSED.format(found=version)}")
    if counts == (before.counts if before else None):
        return before
    row = CountingPolicy(client=caller.client, version=version + 1, counts=counts, note=note, set_at=datetime.now(UTC))
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise Outdated(f"At this moment {PASSED.format(found=version + 1)}") from None
    ledger.append(session, [ledger.Entry(KIND, None, caller.client, {"version": row.version, "counts": counts})])
    return row
