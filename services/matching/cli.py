"""Maintenance commands of the matching service: `python -m services.matching.cli migrate|worker`."""

from __future__ import annotations

from functools import partial

from chassis.core import commands
from chassis.data import migrations
from chassis.data.chores import Chores
from chassis.data.crew import Crew, Post, posts
from chassis.data.database import Database
from services.matching.context import make_context
from services.matching.jobs import CLOCK, DELIVERIES, handlers
from services.matching.problems import KINDS
from services.matching.settings import PACKAGE, Settings
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


if __name__ == "__main__":
    commands.run(PACKAGE, migrate=migrate, worker=worker)
