"""Rows of finished peer figures, and orders of more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from chassis.core.moments import rfc3339
from chassis.data import jobs
from chassis.data.database import Runner
from chassis.data.upsert import upsert
from services.profile.book import departures, job_store
from services.profile.portrait.tables import PeerBaseline

JOB = jobs.Kind("peers", "peers")
TABLE = PeerBaseline.__table__
# So many superseded ones of a day keep their files, for moments a little earlier; of other days all go after a while.
KEPT_BEHIND = 3
KEPT_OTHER_DAYS = timedelta(days=30)
KEPT_ASKED = timedelta(hours=1)
# The tables of the whole book, and of a part of it: what it says of others, and the figures of its firms.
WHOLE = ("groups", "usual", "network", "names", "firms")
PARTS = (("spans", "mentions"), ("figures", "checks", "links", "relations", "troubled"))
Order = tuple[date, datetime | None]


@dataclass(frozen=True, slots=True)
class Finished:
    """Finished peer figures (see `PeerBaseline`); `sound` tells that they may be read as they are."""

    day: date
    published_at: datetime
    known_at: datetime
    made_at: datetime
    current_to: datetime
    heard_at: datetime
    catalogue: str
    figured: int
    traded: int
    stamp: str | None
    parts: list[Any] | None
    sound: bool


def newest(runner: Runner, day: date, at: datetime | None, catalogue: str) -> Finished | None:
    """Return what is read of a day at a moment (None: what is newest), whether its files are sound or not."""
    query = select(TABLE).where(TABLE.c.day == day)
    if at is not None:
        query = query.where(TABLE.c.published_at <= at)
    row = runner.execute(query.order_by(TABLE.c.published_at.desc()).limit(1)).first()
    return None if row is None else _finished(runner, row, catalogue)


def newest_of_any_day(runner: Runner, at: datetime | None, catalogue: str) -> Finished | None:
    """Return the figures that were published last by a moment (None: now), of those whose files are kept."""
    query = select(TABLE).where(TABLE.c.stamp.is_not(None))
    if at is not None:
        query = query.where(TABLE.c.published_at <= at)
    row = runner.execute(query.order_by(TABLE.c.published_at.desc(), TABLE.c.day.desc()).limit(1)).first()
    return None if row is None else _finished(runner, row, catalogue)


def _finished(runner: Runner, row: Row[Any], catalogue: str) -> Finished:
    held = row._mapping
    sound = (
        held["stamp"] is not None
        and held["catalogue"] == catalogue
        and not departures.left_every_moment(runner, held["heard_at"])
    )
    return Finished(**held, sound=sound)


def publish(session: Session, finished: Finished) -> None:
    """Store finished figures, or new files in the place of those that are gone or not sound."""
    row = {name: getattr(finished, name) for name in Finished.__slots__ if name != "sound"}
    changing = [name for name in row if name not in {"day", "published_at", "known_at"}]
    upsert(session, PeerBaseline, [row], ["day", "published_at"], changing)


def note_current(session: Session, day: date, published_at: datetime, to: datetime) -> None:
    """Note that what was learned up to a moment changes nothing of these figures."""
    table = PeerBaseline
    same = (table.day == day, table.published_at == published_at)
    session.execute(update(table).where(*same).values(current_to=to, heard_at=to))


def forget_files(session: Session, live: date, now: datetime) -> set[tuple[str, str]]:
    """Note of which figures the files are no longer kept; return the names of all that are (`PeerFiles.sweep`).

    Kept are the newest of each day with all its parts, and the last few before it without; of days other than `live`
    for a month from when they were made; those of a past moment that somebody asked for, for an hour. What a record
    that left every moment is still counted in is not kept.
    """
    table, kept, behind, made = PeerBaseline, set[tuple[str, str]](), dict[date, int](), dict[date, datetime]()
    query = select(table).where(table.stamp.is_not(None)).order_by(table.day, table.published_at.desc())
    for row in session.scalars(query).all():
        place = behind[row.day] = behind.get(row.day, -1) + 1
        old = row.day != live and row.made_at < now - KEPT_OTHER_DAYS
        unsound = place > 0 and departures.left_every_moment(session, row.heard_at)
        # Made after later ones, they were asked for: whoever waits for them must find them.
        first = made[row.day] = min(made.get(row.day, row.made_at), row.made_at)
        asked = row.made_at > first and row.made_at >= now - KEPT_ASKED
        if old or unsound or (place > KEPT_BEHIND and not asked):
            row.stamp = row.parts = None
        elif place:
            row.parts = None
        if row.stamp is not None:
            kept |= {(row.stamp, name) for name in WHOLE}
        for at, stamps in enumerate(row.parts or ()):
            kept |= {(stamp, f"{name}-{at}") for stamp, names in zip(stamps[:2], PARTS, strict=True) for name in names}
    session.flush()
    return kept


def order(session: Session, wanted: Sequence[Order], within: float | None = None) -> str:
    """Order peer figures of days, each as known at a moment or now, unless a job that waits or runs has it in hand.

    Without one in particular, those of the book's own day are ordered. They are due at once, or `within` so many
    seconds. Return the job's id.
    """
    told = [[day.isoformat(), rfc3339(at) if at else None] for day, at in wanted]
    waiting = job_store.waiting(session, JOB)
    if waiting is not None:
        orders = waiting.payload["orders"]
        more = [each for each in told if each not in orders]
        job_store.change(session, waiting.id, {"orders": orders + more}, within)
        return str(waiting.id)
    table = jobs.TABLE
    running = select(table.c.id, table.c.payload).where(table.c.kind == JOB.name, table.c.state == "running")
    for row in session.execute(running) if told else ():
        if all(each in row.payload["orders"] for each in told):
            return str(row.id)
    return jobs.enqueue(session, JOB, {"orders": told}, within=within)


def made_at(runner: Runner, day: date) -> datetime | None:
    """Return when the newest figures of a day were made, None where there are none."""
    return runner.execute(select(func.max(TABLE.c.made_at)).where(TABLE.c.day == day)).scalar()
