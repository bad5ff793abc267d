"""Removing what is past its keeping, as a service's `retention.toml` says: a table at a time, a little at a time.

A table is walked once along its primary key. What is looked at is read without a lock, and what is due goes in small
transactions, each of which asks again: nobody waits for long, and nothing goes that has changed meanwhile. A walk that
was broken off begins anew with its table and finds what is left.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from datetime import time as clock_time
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, SQLColumnExpression, and_, delete, exists, func, select, tuple_
from sqlalchemy.orm import Session
from sqlalchemy.sql import FromClause

from chassis.core.metrics import Gauge
from chassis.core.moments import day_of, rfc3339, start_of
from chassis.core.retention import Declared
from chassis.data import clock, jobs, keys, schedule
from chassis.data.database import Database
from chassis.data.jobs import Job
from chassis.data.schedule import Daily, Scheduled

# So many rows are looked at in one statement, and so many go in one transaction: some milliseconds each.
STRETCH, AT_ONCE = 5_000, 200
# Between two transactions: who finds SQLite's one lock taken sleeps up to 0.1 s before it looks again, and without a
# pause met the next removal time after time (a write took 5 s).
PAUSE_SECONDS = 0.15
# What the schedule calls it.
NAME = "retention"
Key = Sequence[Any]


def nothing(_session: Session, _ids: Sequence[Any]) -> None:
    """Take nothing else out."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Which rows of a table go under a policy, those before a moment; `also` takes out first what rests on them.

    `also` is given the rows' primary keys, or where these are of one column its values; rows that carry much with them
    go fewer `at_once`.
    """

    policy: str
    table: FromClause
    due: Callable[[datetime], ColumnElement[bool]]
    also: Callable[[Session, Sequence[Any]], None] = nothing
    at_once: int = AT_ONCE


def carry_out(
    database: Database, declared: Declared, removals: Sequence[Removal], now: datetime, job: Job | None = None
) -> dict[str, int]:
    """Remove what is due; return how many rows went under each policy, those noted in an interrupted `job` included."""
    noted = (job.checkpoint if job else None) or {"done": {}, "at": 0}
    done = Counter({removal.policy: 0 for removal in removals})
    done.update(noted["done"])
    for place, removal in enumerate(removals[noted["at"] :], noted["at"]):
        before = start_of(declared.policy(removal.policy).kept_from(day_of(now)))
        for count in removed(database, removal, before):
            done[removal.policy] += count
            if job is not None:
                job.note({"done": dict(done), "at": place}, place, len(removals))
    return dict(done)


def removed(database: Database, removal: Removal, before: datetime) -> Iterator[int]:
    """Remove what is due of one table, and tell of each transaction how many rows it took."""
    due, last = removal.due(before), None
    while True:
        with database.read() as session:
            rows = session.execute(_stretch(removal.table, due, last)).all()
        ids = [row[:-1] for row in rows if row[-1]]
        for start in range(0, len(ids), removal.at_once):
            if count := _take_out(database, removal, due, ids[start : start + removal.at_once]):
                yield count
                time.sleep(PAUSE_SECONDS)
        if len(rows) < STRETCH:
            return
        last = rows[-1][:-1]


def counted(database: Database, declared: Declared, removals: Sequence[Removal], now: datetime) -> dict[str, int]:
    """Return how many rows would go under each policy now; what rests on them is not counted."""
    found = Counter({removal.policy: 0 for removal in removals})
    with database.read() as session:
        for removal in removals:
            before = start_of(declared.policy(removal.policy).kept_from(day_of(now)))
            found[removal.policy] += session.scalar(select(func.count()).where(removal.due(before))) or 0
    return dict(found)


def nightly(database: Database, declared: Declared, removals: Sequence[Removal]) -> Scheduled:
    """Return the work of each night that removes what is past its keeping; its report has what went, by policy."""

    def act(job: Job) -> Mapping[str, int]:
        done = carry_out(database, declared, removals, datetime.now(UTC), job)
        return {key: count for key, count in done.items() if count}

    return Scheduled(NAME, Daily(clock_time(4, 45)), act)


def _stretch(table: FromClause, due: ColumnElement[bool], last: Key | None) -> Select[Any]:
    key = _key(table)
    query = select(*key, due.label("is_due")).order_by(*key).limit(STRETCH)
    if last is None:
        return query
    return query.where(key[0] > last[0] if len(key) == 1 else tuple_(*key) > tuple_(*last))


def _take_out(database: Database, removal: Removal, due: ColumnElement[bool], ids: Sequence[Row[Any] | Key]) -> int:
    key = _key(removal.table)
    with database.begin() as session:
        still = session.execute(select(*key).where(_among(key, ids), due).with_for_update(of=removal.table)).all()
        if still:
            removal.also(session, [row[0] for row in still] if len(key) == 1 else still)
            session.execute(delete(removal.table).where(_among(key, still)))  # type: ignore[arg-type]
    return len(still)


def _among(key: Sequence[ColumnElement[Any]], ids: Sequence[Any]) -> ColumnElement[bool]:
    if len(key) == 1:
        return key[0].in_([row[0] for row in ids])
    return tuple_(*key).in_([tuple(row) for row in ids])


def _key(table: FromClause) -> Sequence[ColumnElement[Any]]:
    return list(table.primary_key)


def told(session: Session, service: str, declared: Declared, name: str = NAME, *, off: bool = False) -> dict[str, Any]:
    """Return what a service keeps for how long, and why, with what its last run (scheduled as `name`) removed.

    `off` tells that the operator has turned it off: nothing is next then.
    """
    run = next((run for run in schedule.runs(session) if run.name == name), None)
    finished = run.last_finished if run else None
    report = run.report if run else None  # none while one is under way, or where the last one failed
    same = {"service": service, "last_run": finished and rfc3339(finished)}
    same["next_run"] = rfc3339(run.due_at) if run and not off else None
    items = [
        {**asdict(each), **same, "removed": None if report is None else report.get(each.key, 0)}
        for each in declared.policies
    ]
    stays = [
        {"service": service, "table": table, "reason": str(why), "title": asdict(why.words)}
        for table, why in sorted(declared.stays.items())
    ]
    return {"version": declared.version, "items": items, "stays": stays}


def gauges(database: Database, declared: Declared, wishes: Mapping[str, str], name: str = NAME) -> list[Gauge]:
    """Return the figures of what the clock orders: since when each was not carried out, and what went last."""
    return [
        Gauge(
            "scheduled_age_seconds",
            "Seconds since it was last carried out",
            "name",
            partial(_ages, database, wishes, name),
        ),
        Gauge("retention_removed", "What the last run removed", "policy", partial(_last_removed, database, declared)),
    ]


def _ages(database: Database, wishes: Mapping[str, str], name: str) -> dict[str, float]:
    """Return the ages; of what was never carried out since it was first ordered, or is due. What is off has none."""
    with database.read() as session:
        now = session.execute(select(clock.now())).scalar_one()
        found = [run for run in schedule.runs(session) if wishes.get(run.name) != "off"]
        since = {
            run.name: run.last_finished or schedule.first_ordered(session, run.name) or run.due_at for run in found
        }
    ages = {name: max(0.0, (now - moment).total_seconds()) for name, moment in since.items()}
    # What no worker has planned yet is told too; that nobody serves its queue is another alert.
    return ages if wishes.get(name) == "off" else {name: 0.0, **ages}


def _last_removed(database: Database, declared: Declared) -> dict[str, float]:
    with database.read() as session:
        reports = [run.report for run in schedule.runs(session) if run.report is not None]
    told = Counter[str]()
    for report in reports:
        told.update({key: value for key, value in report.items() if isinstance(value, int)})
    return {policy.key: float(told[policy.key]) for policy in declared.policies} if reports else {}


def answers(policy: str) -> Removal:
    """Return the removal of answers that were stored for requests that are repeated."""
    return Removal(policy, keys.TABLE, lambda before: keys.TABLE.c.created_at < before)


def finished_jobs(policy: str, *named: SQLColumnExpression[Any]) -> Removal:
    """Return the removal of jobs that have ended and that nothing names: `named` are the columns that name jobs.

    What is still there is told with how its job went, so a job goes after what it belongs to.
    """
    table, last = jobs.TABLE, schedule.TABLE.c.job

    def due(before: datetime) -> ColumnElement[bool]:
        over = and_(table.c.state.in_([jobs.DONE, jobs.FAILED]), table.c.finished_at < before)
        return and_(over, *(~exists().where(column == table.c.id) for column in (last, *named)))

    return Removal(policy, table, due)
