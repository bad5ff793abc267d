"""Maintenance commands of the matching service: `python -m services.matching.cli migrate|worker`."""

from __future__ import annotations

from functools import partial

from chassis.core import commands
from chassis.data import migrations
from chassis.data.database import Database
from chassis.data.jobs import Worker
from services.matching.context import make_context
from services.matching.jobs import handlers
from services.matching.problems import KINDS
from services.matching.settings import PACKAGE, Settings
from services.matching.usecases.forward_notices import forward_notices
from services.matching.usecases.notify import Postman

NOTICES_SECONDS = 5.0


def migrate() -> str:
    """Bring the database up to date."""
    database = Database(Settings.from_environment().database_url)
    return "migrated" if migrations.upgrade(database, PACKAGE) else "already current"


def worker() -> None:
    """Do the jobs, deliver the webhooks and send notices on, until stopped."""
    context = make_context(Settings.from_environment())
    Postman(context.database, private=context.settings.private_webhooks).start()
    Worker(
        context.database, handlers(context), KINDS, chores={partial(forward_notices, context): NOTICES_SECONDS}
    ).run()


if __name__ == "__main__":
    commands.run(PACKAGE, migrate=migrate, worker=worker)
