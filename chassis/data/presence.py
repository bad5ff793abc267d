"""Who works just now: each worker process says so every few seconds, by the database's clock."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, Integer, MetaData, String, Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from chassis.data import clock
from chassis.data.database import Database, Runner, Utc

BEAT_SECONDS = 10.0
# Three beats without a word: it is late, and nobody relies on it any more.
LATE_SECONDS = 30.0
# What a killed host leaves behind is swept by the next that starts.
FORGOTTEN_SECONDS = 3600.0

TABLE = Table(
    "workers",
    MetaData(),
    Column("name", String(40), primary_key=True),
    # The queue that it serves, or what else it does.
    Column("post", String(40), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Utc, nullable=False),
    Column("beat_at", Utc, nullable=False),
)


def declare(metadata: MetaData) -> Table:
    """Make the list of workers one of the service's own tables."""
    return TABLE.to_metadata(metadata)


def beat(database: Database, name: str, post: str) -> None:
    """Say that this process works under a name at a post."""
    with database.begin() as session:
        mine = update(TABLE).where(TABLE.c.name == name).values(beat_at=clock.now())
        if session.execute(mine).rowcount:  # type: ignore[attr-defined]
            return
        session.execute(delete(TABLE).where(TABLE.c.beat_at < clock.ahead(-FORGOTTEN_SECONDS)))
        here = {"host": socket.gethostname()[:255], "pid": os.getpid()}
        now = {"started_at": clock.now(), "beat_at": clock.now()}
        session.execute(insert(TABLE).values(name=name, post=post, **here, **now))


def leave(session: Session, name: str) -> None:
    """Take a worker that has ended off the list."""
    session.execute(delete(TABLE).where(TABLE.c.name == name))


def alive(runner: Runner) -> dict[str, int]:
    """Return how many workers each post has that were heard of just now."""
    return _counted(runner, TABLE.c.beat_at > clock.ahead(-LATE_SECONDS))


def late(runner: Runner) -> dict[str, int]:
    """Return how many workers of each post have not been heard of for too long, and did not leave."""
    return _counted(runner, TABLE.c.beat_at <= clock.ahead(-LATE_SECONDS))


def unserved(database: Database, posts: Iterable[str]) -> dict[str, str]:
    """Return the posts at which nobody works, each with what to do."""
    with database.connection() as connection:
        there, silent = alive(connection), late(connection)
    return {
        post: f"no worker was heard of for {LATE_SECONDS:.0f} s ({silent.get(post, 0)} fell silent); what is ordered "
        "waits. Start the service's `worker`, or read its log."
        for post in posts
        if post not in there
    }


def _counted(runner: Runner, which: ColumnElement[bool]) -> dict[str, int]:
    query = select(TABLE.c.post, func.count()).where(which).group_by(TABLE.c.post)
    return {row[0]: row[1] for row in runner.execute(query).all()}
