"""Maintenance commands of the matching service: `python -m services.matching.cli COMMAND`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.core import commands
from chassis.core.findings import DEEP, USUAL, told
from chassis.data import listing, migrations
from chassis.data.backups import Named, fetch_from, save_to
from chassis.data.check import check_database
from chassis.data.chores import Chores
from chassis.data.crew import Crew, Post, posts
from chassis.data.database import Database
from chassis.data.dump import Copy
from chassis.data.schedule import TICK_SECONDS, listed, tick
from services.matching.context import make_context
from services.matching.jobs import CLOCK, DELIVERIES, all_handlers, scheduled
from services.matching.jobs import posts as all_posts
from services.matching.problems import KINDS
from services.matching.settings import PACKAGE, SERVICE, Settings
from services.matching.usecases.deliver import Postman
from services.matching.usecases.forward_notices import forward_notices

NOTICES_SECONDS = 5.0


def migrate() -> str:
    """Bring the database up to date."""
    database = Database(Settings.from_environment().database_url)
    return "migrated" if migrations.upgrade(database, PACKAGE) else "already current"


def worker() -> None:
    """Do the jobs, deliver the webhooks and send notices on, until stopped."""
    context = make_context(Settings.from_environment())
    counts = context.settings.workers
    places = posts(context.database, all_handlers(context), KINDS, counts, "MATCHING_WORKERS")
    postman = Postman(context.database, private=context.settings.private_webhooks)
    chores: dict[Callable[[], object], float] = {
        partial(forward_notices, context): NOTICES_SECONDS,
        partial(tick, context.database, scheduled(context)): TICK_SECONDS,
    }
    Crew(context.database, [*places, Post(DELIVERIES, postman.run), Post(CLOCK, Chores(chores).run)]).run()


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
    """Check the database; `deep` looks at every page of its file."""
    checked: Counter[str] = Counter()
    database = Database(Settings.from_environment().database_url)
    return told(checked, list(check_database(database, PACKAGE, checked, deep=depth == DEEP)))


def backup(place: str, moment: str) -> dict[str, Any]:
    """Put this service into the backup of a moment, at a place that is a folder or an object store."""
    settings = Settings.from_environment()
    key = settings.ledger_key_file

    def named(_: Copy) -> Named:
        """Return no files, but the name of the secret key of the home that is no part of the backup."""
        return Named(facts={"keys": [key.name] if not settings.ledger_keys and key.exists() else []})

    return save_to(place, moment, SERVICE, settings.database_url, named)


def restore(place: str, moment: str) -> dict[str, Any]:
    """Bring this service back from the backup of a moment, into an empty place."""
    return fetch_from(place, moment, SERVICE, Settings.from_environment().database_url)


if __name__ == "__main__":
    upkeep: dict[str, commands.Command] = {
        "schedule": schedule,
        "jobs": jobs,
        "again": again,
        "verify": verify,
        "backup": backup,
        "restore": restore,
    }
    commands.run(PACKAGE, migrate=migrate, worker=worker, **upkeep)
