"""Maintenance commands of the scoring service: `python -m services.scoring.cli COMMAND`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.core import commands
from chassis.core.findings import DEEP, USUAL, told
from chassis.data import listing, migrations
from chassis.data.backups import fetch_from, save_to
from chassis.data.chores import Chores
from chassis.data.crew import Crew, Post, posts
from chassis.data.database import Database
from chassis.data.schedule import TICK_SECONDS, listed, tick
from services.scoring.context import PACKAGE, Context, make_context
from services.scoring.jobs import CLOCK, all_handlers, scheduled
from services.scoring.jobs import posts as all_posts
from services.scoring.problems import KINDS
from services.scoring.settings import SERVICE, Settings
from services.scoring.usecases.back_up import named, put_back
from services.scoring.usecases.redraw import redraw
from services.scoring.usecases.renew import renew
from services.scoring.usecases.verify import verify as examine

CORRECTIONS_SECONDS = 5.0


def migrate() -> str:
    """Bring the database up to date."""
    database = Database(Settings.from_environment().database_url)
    return "migrated" if migrations.upgrade(database, PACKAGE) else "already current"


def redraw_pictures() -> str:
    """Draw anew what was drawn when a picture had a dot a firm; the worker does so as it starts."""
    return f"{redraw(make_context(Settings.from_environment()))} models got new pictures"


def worker() -> None:
    """Train models, score batches, run evaluations and renew scores after corrections, until stopped."""
    context = make_context(Settings.from_environment())
    counts = context.settings.workers
    places = posts(context.database, all_handlers(context), KINDS, counts, "SCORING_WORKERS")
    Crew(context.database, [*places, Post(CLOCK, partial(_keep_the_clock, context))]).run()


def _keep_the_clock(context: Context, name: str) -> None:
    redraw(context)
    chores: dict[Callable[[], object], float] = {
        partial(renew, context): CORRECTIONS_SECONDS,
        partial(tick, context.database, scheduled(context)): TICK_SECONDS,
    }
    Chores(chores).run(name)


def jobs() -> dict[str, Any]:
    """Tell what waits, runs or failed in each queue, as JSON."""
    context = make_context(Settings.from_environment())
    return listing.told(context.database, all_posts(context))


def again(job: str) -> dict[str, Any]:
    """Have a job run again that broke off or was set aside."""
    return listing.again(make_context(Settings.from_environment()).database, job)


def schedule() -> str:
    """List what the clock orders: when it is due, when it was done last, and what came of it."""
    context = make_context(Settings.from_environment())
    return listed(context.database, scheduled(context))


def verify(depth: str = USUAL) -> dict[str, Any]:
    """Check the database, the ledger and the digests of the models; `deep` looks at every page of the database."""
    return told(*examine(make_context(Settings.from_environment()), deep=depth == DEEP))


def backup(place: str, moment: str) -> dict[str, Any]:
    """Put this service into the backup of a moment, at a place that is a folder or an object store."""
    settings = Settings.from_environment()
    return save_to(place, moment, SERVICE, settings.database_url, partial(named, settings))


def restore(place: str, moment: str) -> dict[str, Any]:
    """Bring this service back from the backup of a moment, into an empty place."""
    settings = Settings.from_environment()
    return fetch_from(place, moment, SERVICE, settings.database_url, partial(put_back, settings))


if __name__ == "__main__":
    upkeep: dict[str, commands.Command] = {
        "schedule": schedule,
        "jobs": jobs,
        "again": again,
        "verify": verify,
        "backup": backup,
        "restore": restore,
    }
    commands.run(PACKAGE, migrate=migrate, worker=worker, redraw=redraw_pictures, **upkeep)
