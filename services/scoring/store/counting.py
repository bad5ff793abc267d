"""Rows of what counts for a client where its orders do not say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from chassis.data.database import Runner
from services.scoring.domain.counting import Counts, counts_of
from services.scoring.tables import CountingPolicy

# Built once: it is asked on the way to each score whose order does not say.
AT = (
    select(CountingPolicy.counts)
    .where(
        CountingPolicy.client == bindparam("client"),
        CountingPolicy.set_at <= bindparam("at", type_=CountingPolicy.set_at.type),
    )
    .order_by(CountingPolicy.version.desc())
    .limit(1)
)


def usual(runner: Runner, client: str, at: datetime, installation: Counts) -> Counts:
    """Return what counts at a moment for a client whose order does not say: as it has set, else as is usual here."""
    return counts_of(runner.execute(AT, {"client": client, "at": at}).scalar()) or installation


def newest(session: Session, client: str) -> CountingPolicy | None:
    """Return the newest version of a client's own policy, None where it never set one."""
    query = select(CountingPolicy).where(CountingPolicy.client == client)
    return session.scalars(query.order_by(CountingPolicy.version.desc()).limit(1)).one_or_none()
