"""Scheduled work: what the clock orders and nobody else, as jobs like any other.

What is due becomes a job of the queue `scheduled`, so that one worker at a time does it over all hosts, a killed one's
is taken again, and one that kills its workers is set aside. What was missed while nobody was there is done once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import Column, MetaData, Row, String, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chassis.core.moments import CHINA, day_of
from chassis.core.settings import SettingsError
from chassis.data import clock, jobs
from chassis.data.database import Database, Json, Utc
from chassis.data.jobs import Job, Kind

QUEUE = "scheduled"
TICK_SECONDS = 5.0
HOUR = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
log = structlog.get_logger()
Report = Mapping[str, Any]
Act = Callable[[Job], Report | None]

TABLE = Table(
    "schedules",
    MetaData(),
    Column("name", String(40), primary_key=True),
    Column("plan", String(20), nullable=False),
    Column("due_at", Utc, nullable=False),
    # The job of the last run, and what that run told.
    Column("job", String(40)),
    Column("last_started", Utc),
    Column("last_finished", Utc),
    Column("report", Json),
)


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at a time of China."""

    at: time

    def after(self, now: datetime) -> datetime:
        """Return the next moment of this time of day.

        >>> from datetime import UTC
        >>> Daily(time(3, 30)).after(datetime(2026, 11, 30, 20, 0, tzinfo=UTC)).isoformat()
        '2026-12-02T03:30:00+08:00'
        """
        today = datetime.combine(day_of(now), self.at, CHINA)
        return today if today > now else today + timedelta(days=1)

    @property
    def told(self) -> str:
        """The time, as the operator reads and sets it."""
        return f"{self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Every:
    """Again after so much time; for the first time at once."""

    seconds: int

    def after(self, now: datetime) -> datetime:
        """Return the moment that lies so much later."""
        return now + timedelta(seconds=self.seconds)

    @property
    def told(self) -> str:
        """The time between, as the operator reads it."""
        return f"{self.seconds} s"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What is done at which times; `act` may be done again after a kill, and returns what it tells of the run."""

    name: str
    when: Daily | Every
    act: Act

    @property
    def kind(self) -> Kind:
        """The kind of its jobs."""
        return Kind(self.name, QUEUE)


@dataclass(frozen=True, slots=True)
class Run:
    """One scheduled thing as it stands: when it is due, and how its last run went (`state`, `problem`: of its job).

    `last_finished` is when one was last carried out to its end, be it an earlier one than was `last_started`.
    """

    name: str
    plan: str
    due_at: datetime
    last_started: datetime | None
    last_finished: datetime | None
    report: dict[str, Any] | None
    state: str | None
    problem: dict[str, Any] | None


def declare(metadata: MetaData) -> Table:
    """Make the schedule one of the service's own tables."""
    return TABLE.to_metadata(metadata)


def arranged(plan: Sequence[Scheduled], wishes: Mapping[str, str], variable: str) -> list[Scheduled]:
    """Return the plan as the operator wishes it: `off`, or the time of day of what is daily.

    Raise `SettingsError` where the environment's `variable` wishes what is not there or cannot be.
    """
    by_name = {each.name: each for each in plan}
    if unknown := sorted(set(wishes) - set(by_name)):
        raise SettingsError(
            f"The settings cannot be used:\n  {variable}: nothing is scheduled as {', '.join(unknown)}; "
            f"there is {', '.join(sorted(by_name))}."
        )
    made = []
    for each in plan:
        wish = wishes.get(each.name)
        daily = HOUR.fullmatch(wish) if wish and isinstance(each.when, Daily) else None
        if wish is not None and wish != "off" and daily is None:
            what = "off, or a time of day of China such as 03:30" if isinstance(each.when, Daily) else "off"
            raise SettingsError(f"The settings cannot be used:\n  {variable}: {each.name} may be {what}.")
        if wish != "off":
            made.append(replace(each, when=Daily(time(int(daily[1]), int(daily[2])))) if daily else each)
    return made


def handlers(database: Database, plan: Sequence[Scheduled]) -> dict[Kind, Callable[[Job], None]]:
    """Return the handlers of the scheduled jobs, which note when each began, when it ended, and what it told."""
    return {each.kind: _noting(database, each) for each in plan}


def tick(database: Database, plan: Sequence[Scheduled]) -> list[str]:
    """Order what is due, and return the names of that. Several hosts may do it at once."""
    with database.read() as session:
        if not _to_do(session, plan):
            return []
    try:
        with database.begin() as session:
            return [each.name for each, row, now in _to_do(session, plan, lock=True) if _order(session, each, row, now)]
    except IntegrityError:  # another host has entered the same thing for the first time
        return []


def listed(database: Database, plan: Sequence[Scheduled]) -> str:
    """Return a line for each thing that is or was scheduled, for the operator."""
    with database.read() as session:
        known = {run.name: run for run in runs(session)}
    lines = [f"{'name':16} {'at':>8}  {'due':16}  {'last run':16}  outcome"]
    for name in sorted({each.name for each in plan} | known.keys()):
        run, off = known.get(name), name not in {each.name for each in plan}
        when = "off" if off else next(each.when.told for each in plan if each.name == name)
        due = "" if off or run is None else _minute(run.due_at)
        lines.append(
            f"{name:16} {when:>8}  {due:16}  {_minute(run.last_started if run else None):16}  {_outcome(run)}".rstrip()
        )
    return "\n".join(lines)


def _minute(moment: datetime | None) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if moment else ""


def _outcome(run: Run | None) -> str:
    if run is None or run.state is None:
        return "not yet"
    if run.problem:
        return f"{run.state}: {run.problem['detail']}"
    told = ", ".join(f"{key} {value}" for key, value in (run.report or {}).items())
    return f"{run.state}: {told}" if told else run.state


def runs(session: Session) -> list[Run]:
    """Return everything that was ever scheduled, with how its last run went."""
    job = jobs.TABLE
    columns = (TABLE.c.name, TABLE.c.plan, TABLE.c.due_at, TABLE.c.last_started, TABLE.c.last_finished, TABLE.c.report)
    query = select(*columns, job.c.state, job.c.problem).outerjoin(job, job.c.id == TABLE.c.job)
    return [Run(*row) for row in session.execute(query.order_by(TABLE.c.name)).all()]


def first_ordered(session: Session, name: str) -> datetime | None:
    """Return when the first of a thing's jobs that are kept was ordered."""
    first = select(func.min(jobs.TABLE.c.created_at)).where(jobs.TABLE.c.kind == name)
    ordered: datetime | None = session.scalar(first)
    return ordered


Task = tuple[Scheduled, Row[Any] | None, datetime]


def _to_do(session: Session, plan: Sequence[Scheduled], *, lock: bool = False) -> list[Task]:
    """Return what is due, new, or planned for another time than before."""
    now = session.execute(select(clock.now())).scalar_one()
    query = select(TABLE).with_for_update() if lock else select(TABLE)
    rows = {row.name: row for row in session.execute(query).all()}
    tasks = [(each, rows.get(each.name), now) for each in plan]
    return [(each, row, now) for each, row, now in tasks if not row or row.plan != each.when.told or row.due_at <= now]


def _order(session: Session, each: Scheduled, row: Row[Any] | None, now: datetime) -> bool:
    """Bring one thing's row up to date; tell whether its job was ordered."""
    following = each.when.after(now)
    if row is None:
        first = now if isinstance(each.when, Every) else following
        session.execute(insert(TABLE).values(name=each.name, plan=each.when.told, due_at=first))
        return False
    mine = update(TABLE).where(TABLE.c.name == each.name)
    if row.plan != each.when.told:
        session.execute(mine.values(plan=each.when.told, due_at=following))
        return False
    if _under_way(session, row.job):  # it follows at once when that has ended
        return False
    session.execute(mine.values(due_at=following, job=jobs.enqueue(session, each.kind, {})))
    return True


def _under_way(session: Session, job: str | None) -> bool:
    state = job and session.scalar(select(jobs.TABLE.c.state).where(jobs.TABLE.c.id == job))
    return state in (jobs.QUEUED, jobs.RUNNING)


def _noting(database: Database, each: Scheduled) -> Callable[[Job], None]:
    def do(job: Job) -> None:
        _note(database, each.name, last_started=clock.now(), report=None)
        report = each.act(job)
        _note(database, each.name, last_finished=clock.now(), report=dict(report or {}))
        log.info("scheduled work done", name=each.name, job=job.id)

    return do


def _note(database: Database, name: str, **values: Any) -> None:
    with database.begin() as session:
        session.execute(update(TABLE).where(TABLE.c.name == name).values(**values))
