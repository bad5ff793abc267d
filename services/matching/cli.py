"""Maintenance commands of the matching service: `python -m services.matching.cli COMMAND`."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from chassis.core import commands
from chassis.core.findings import DEEP, USUAL, told
from chassis.data import migrations
from chassis.data.backups import back_up, bring_back
from chassis.data.check import check_database
from chassis.data.chores import Chores
from chassis.data.crew import Crew, Post, posts
from chassis.data.database import Database
from chassis.data.vault import vault_at
from services.matching.context import make_context
from services.matching.jobs import CLOCK, DELIVERIES, handlers
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
    places = posts(context.database, handlers(context), KINDS, counts, "MATCHING_WORKERS")
    postman = Postman(context.database, private=context.settings.private_webhooks)
    notices = Chores({partial(forward_notices, context): NOTICES_SECONDS})
    Crew(context.database, [*places, Post(DELIVERIES, postman.run), Post(CLOCK, notices.run)]).run()


def verify(depth: str = USUAL) -> dict[str, Any]:
    """Check the database; `deep` looks at every page of its file."""
    checked: Counter[str] = Counter()
    database = Database(Settings.from_environment().database_url)
    return told(checked, list(check_database(database, PACKAGE, checked, deep=depth == DEEP)))


def backup(place: str, moment: str) -> dict[str, Any]:
    """Put this service into the backup of a moment, at a place that is a folder or an object store."""
    settings = Settings.from_environment()
    with vault_at(place) as vault:
        return back_up(vault, moment, SERVICE, settings.database_url).as_told()


def restore(place: str, moment: str) -> dict[str, Any]:
    """Bring this service back from the backup of a moment, into an empty place."""
    settings = Settings.from_environment()
    with vault_at(place) as vault:
        return bring_back(vault, moment, SERVICE, settings.database_url).as_told()


if __name__ == "__main__":
    commands.run(PACKAGE, migrate=migrate, worker=worker, verify=verify, backup=backup, restore=restore)
