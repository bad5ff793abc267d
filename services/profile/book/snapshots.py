"""What was computed of files and is still good: answers kept until something touches the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Date, and_, bindparam, exists, func, select
from sqlalchemy.orm import Session

from chassis.data.database import Runner, batches
from chassis.data.removal import Removal
from chassis.data.upsert import upsert
from services.profile.book import tables
from services.profile.book.domain.moment import usual_day
from services.profile.book.domain.permit import Permit
from services.profile.book.enterprise_store import ENTERPRISES
from services.profile.book.state_store import BOOK, EMPTY_BOOK, STATE, BookState

SNAPSHOTS = tables.FeatureSnapshot.__table__
STILL_GOOD = and_(
    SNAPSHOTS.c.enterprise == ENTERPRISES.c.id,
    SNAPSHOTS.c.catalogue == bindparam("catalogue"),
    SNAPSHOTS.c.lake_version >= ENTERPRISES.c.lake_version,
    SNAPSHOTS.c.revision == ENTERPRISES.c.revision,
)
STORED = select(SNAPSHOTS.c.enterprise, SNAPSHOTS.c.body).where(
    STILL_GOOD,
    SNAPSHOTS.c.enterprise.in_(bindparam("ids", expanding=True)),
    SNAPSHOTS.c.as_of == bindparam("as_of"),
)
ASKED, UNDATED = bindparam("as_of", type_=Date), bindparam("undated", type_=Date)
ON_THE_DAY = SNAPSHOTS.c.as_of == func.coalesce(ASKED, BOOK.c.date, UNDATED)
STATE_AND_STORED = STATE.add_columns(SNAPSHOTS.c.body).select_from(
    BOOK.outerjoin(ENTERPRISES, ENTERPRISES.c.id == bindparam("id")).outerjoin(SNAPSHOTS, STILL_GOOD & ON_THE_DAY)
)


def book_and_snapshot(
    session: Runner, permit: Permit, as_of: date | None, today: date, catalogue: str
) -> tuple[BookState, bytes | None]:
    """Return the state of the book and, in the same statement, one firm's stored features if they still hold.

    They are those of `as_of`; None stands for the book's own day.
    """
    (enterprise,) = permit.enterprises
    asked = {"id": enterprise, "as_of": as_of, "undated": usual_day(None, today), "catalogue": catalogue}
    row = session.execute(STATE_AND_STORED, asked).one_or_none()
    return (BookState(*row[:-1]), row[-1]) if row else (EMPTY_BOOK, None)


def snapshots(session: Runner, ids: Sequence[str], as_of: date, catalogue: str) -> dict[str, bytes]:
    """Return the stored features that still hold, by enterprise."""
    found: dict[str, bytes] = {}
    for part in batches(ids):
        asked = {"ids": list(part), "as_of": as_of, "catalogue": catalogue}
        found |= dict(session.execute(STORED, asked).all())
    return found


def forgotten_snapshots(policy: str, oldest: date, catalogue: str) -> Removal:
    """Return the removal of stored features of days before a day, and of those that hold no more."""
    good = exists().where(
        SNAPSHOTS.c.enterprise == ENTERPRISES.c.id,
        SNAPSHOTS.c.catalogue == catalogue,
        SNAPSHOTS.c.lake_version >= ENTERPRISES.c.lake_version,
        SNAPSHOTS.c.revision == ENTERPRISES.c.revision,
    )
    return Removal(policy, SNAPSHOTS, lambda _: (SNAPSHOTS.c.as_of < oldest) | ~good)


def revisions(runner: Runner, ids: Sequence[str]) -> dict[str, int]:
    """Return how often acts have changed the files of these enterprises: to be read before what is computed of them."""
    found: dict[str, int] = {}
    for part in batches(ids):
        found |= dict(
            runner.execute(select(ENTERPRISES.c.id, ENTERPRISES.c.revision).where(ENTERPRISES.c.id.in_(part))).all()
        )
    return found


def keep_snapshots(
    session: Session,
    bodies: Mapping[str, bytes],
    as_of: date,
    catalogue: str,
    lake_version: int,
    revised: Mapping[str, int],
) -> None:
    """Store computed features; a newer computation is never replaced by an older one of another process.

    `revised` are the `revisions` of before the computation: what an act changed meanwhile makes the answer void.
    """
    same = {"as_of": as_of, "catalogue": catalogue, "lake_version": lake_version}
    rows = [
        {"enterprise": name, "body": body, "revision": revised.get(name, 0), **same} for name, body in bodies.items()
    ]
    changing = ["body", "catalogue", "lake_version", "revision"]
    upsert(session, tables.FeatureSnapshot, rows, ["enterprise", "as_of"], changing, newer="lake_version")
