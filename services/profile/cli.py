"""Maintenance commands of the profile service: `python -m services.profile.cli COMMAND`.

`python -m services.profile.cli replay-alerts --from DAY --to DAY [--step month] --json FILE` measures the signals on a
past period of the book.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from chassis.core import commands
from chassis.core.findings import DEEP, USUAL, told
from chassis.data import listing
from chassis.data.backups import fetch_from, save_to
from chassis.data.chores import Chores
from chassis.data.crew import Crew, Post, posts
from chassis.data.files import sweep
from chassis.data.jobs import QUEUED, RUNNING, JobState
from chassis.data.jobs import state as state_of_job
from chassis.data.schedule import TICK_SECONDS, listed, tick
from chassis.data.worker import POLL_SECONDS, Worker
from services.profile.book import source_grant_store
from services.profile.book.context import Context
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import KINDS as COLUMNS
from services.profile.book.usecases import grant_source
from services.profile.book.usecases.back_up import named, put_back
from services.profile.book.usecases.rebucket import rebucket as divide_again
from services.profile.book.usecases.rebuild import rebuild as make_again
from services.profile.book.usecases.touch import JOB as LOOK
from services.profile.book.usecases.touch import note_all_changed
from services.profile.composition import PACKAGE, make_context
from services.profile.composition import migrate as bring_up_to_date
from services.profile.graph.usecases.keep_ties import tend
from services.profile.jobs import all_handlers, scheduled
from services.profile.portrait.usecases.make_peers import InWorker, tend_peers
from services.profile.posts import CLOCK
from services.profile.posts import posts as all_posts
from services.profile.problems import KINDS
from services.profile.rights.usecases.dispute import remind
from services.profile.rights.usecases.verify import verify as examine
from services.profile.settings import SERVICE, Settings
from services.profile.upkeep import foretell, tend_lakes
from services.profile.upkeep import shred as erase
from services.profile.watch.usecases.look import watch as look
from services.profile.watch.usecases.replay import STEPS, Period, replay


def migrate() -> str:
    """Bring the database up to date and make the lake."""
    return "migrated" if bring_up_to_date(Settings.from_environment()) else "already current"


def worker() -> None:
    """Work off all queues until stopped, watch the terms of disputes, and keep the graph as new as the book."""
    context = _working()
    sweep(context.settings.scratch)
    chores: dict[Callable[[], object], float] = {
        partial(remind, context): CLOCK_SECONDS,
        partial(tick, context.database, scheduled(context)): TICK_SECONDS,
        partial(tend, context): TIES_SECONDS,
        partial(tend_peers, context): CLOCK_SECONDS,
    }
    counts = context.settings.workers
    places = posts(context.database, all_handlers(context), KINDS, counts, "PROFILE_WORKERS")
    Crew(context.database, [*places, Post(CLOCK, Chores(chores).run)]).run()


def _working() -> Context:
    """Return the collaborators of a process that makes peers itself where none are finished."""
    return make_context(Settings.from_environment(), InWorker())


def grant(client: str) -> str:
    """Grant a client every kind by every channel but a firm's own word, where it has no grant: a first source."""
    context = make_context(Settings.from_environment())
    with context.database.begin() as session:
        if source_grant_store.live(session, client, context.today()):
            return f"{client} has a grant"
        channels = [channel for channel in Channel if channel is not Channel.SUBJECT]
        terms = grant_source.Terms(client, list(COLUMNS), channels, "the command `grant`")
        grant_source.grant(context, session, "command", terms)
    return f"{client} may send everything"


def compact() -> str:
    """Join the lakes' small files, and remove those that were replaced a day ago, as the schedule does daily."""
    done = tend_lakes(make_context(Settings.from_environment()))
    return f"joined {done['joined']} files, removed {done['removed']} that others had replaced"


def verify(depth: str = USUAL) -> dict[str, Any]:
    """Check database, ledger, lakes and files received against each other; `deep` reads every value and digest."""
    return told(*examine(make_context(Settings.from_environment()), PACKAGE, deep=depth == DEEP))


def rebuild(*kinds: str) -> dict[str, Any]:
    """Make lakes again from the files received, all or those named, beside and swapped in; stop the suite first."""
    return {"lakes": [asdict(each) for each in make_again(make_context(Settings.from_environment()), kinds)]}


def rebucket(buckets: str, *kinds: str) -> dict[str, Any]:
    """Divide lakes, all or those named, into another number of buckets; stop the suite first."""
    context = make_context(Settings.from_environment())
    return {"lakes": [asdict(each) for each in divide_again(context, int(buckets), kinds)]}


def watch() -> str:
    """Look at the signals of every enterprise now, as the schedule does daily.

    It is a job as any other: where this command is killed a worker goes on with it, or the next run does.
    """
    context = _working()
    with context.database.begin() as session:
        job = note_all_changed(session, books=True)
    worker = Worker(context.database, {LOOK: partial(look, context)}, KINDS)
    while (state := _state(context, job)).state in (QUEUED, RUNNING):
        if not worker.run_once():
            time.sleep(POLL_SECONDS)  # a worker is at it
    if state.problem is not None:
        sys.exit(f"{PACKAGE}: {state.problem['detail']}")
    return f"looked at {state.total} enterprises"


def _state(context: Context, job: str) -> JobState:
    with context.database.read() as session:
        return state_of_job(session, job)


def shred(how: str = "") -> str:
    """Erase what is past its keeping now, as the schedule does daily; `dry-run` tells what would go."""
    if how not in {"", DRY_RUN}:
        sys.exit(f"{PACKAGE}: shred takes {DRY_RUN}, or nothing")
    context = make_context(Settings.from_environment())
    if how == DRY_RUN:
        due = {key: count for key, count in foretell(context).items() if count}
        return "would shred " + (", ".join(f"{count} {key}" for key, count in due.items()) or "nothing")
    done = erase(context)
    return "shredded " + (", ".join(f"{count} {key}" for key, count in done.items()) or "nothing")


def backup(place: str, moment: str) -> dict[str, Any]:
    """Put this service into the backup of a moment, at a place that is a folder or an object store."""
    context = make_context(Settings.from_environment())
    return save_to(place, moment, SERVICE, context.settings.database_url, partial(named, context))


def restore(place: str, moment: str) -> dict[str, Any]:
    """Bring this service back from the backup of a moment, into an empty place."""
    context = make_context(Settings.from_environment())
    return fetch_from(place, moment, SERVICE, context.settings.database_url, partial(put_back, context))


def replay_alerts(arguments: list[str]) -> None:
    """Run a past period of the book through the signals, and write what came of it as JSON."""
    parser = argparse.ArgumentParser(prog=f"python -m {PACKAGE}.cli {REPLAY}")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    parser.add_argument("--step", choices=sorted(STEPS), default="month")
    parser.add_argument("--json", type=Path, required=True)
    asked = parser.parse_args(arguments)
    if asked.last < asked.first:
        parser.error("--to lies before --from")
    context = _working()
    found = replay(context, Period(asked.first, asked.last, asked.step), lambda done, of: print(f"{done}/{of}"))
    asked.json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def jobs() -> dict[str, Any]:
    """Tell what waits, runs or failed in each queue, as JSON."""
    context = make_context(Settings.from_environment())
    return listing.told(context.database, all_posts())


def again(job: str) -> dict[str, Any]:
    """Have a job run again that broke off or was set aside."""
    return listing.again(make_context(Settings.from_environment()).database, job)


def schedule() -> str:
    """List what the clock orders: when it is due, when it was done last, and what came of it."""
    context = make_context(Settings.from_environment())
    return listed(context.database, scheduled(context))


REPLAY = "replay-alerts"
DRY_RUN = "dry-run"
CLOCK_SECONDS = 60.0
# The graph follows the book: what a request then has to add is little.
TIES_SECONDS = 5.0
if __name__ == "__main__":
    if sys.argv[1:2] == [REPLAY]:
        replay_alerts(sys.argv[2:])
    else:
        upkeep: dict[str, commands.Command] = {
            "schedule": schedule,
            "jobs": jobs,
            "again": again,
            "verify": verify,
            "rebuild": rebuild,
            "rebucket": rebucket,
            "compact": compact,
            "grant": grant,
            "watch": watch,
            "shred": shred,
            "backup": backup,
            "restore": restore,
        }
        commands.run(PACKAGE, migrate=migrate, worker=worker, **upkeep)
