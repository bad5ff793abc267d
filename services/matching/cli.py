"""Maintenance commands of the matching service: `python -m services.matching.cli migrate|worker`."""

from __future__ import annotations

from chassis import commands, migrations
from chassis.database import Database
from chassis.jobs import Worker
from services.matching.api.problems import KINDS
from services.matching.app import PACKAGE, make_context
from services.matching.jobs import handlers
from services.matching.settings import Settings
from services.matching.usecases.notify import Postman


def migrate() -> str:
    """Bring the database up to date."""
    database = Database(Settings.from_environment().database_url)
    return "migrated" if migrations.upgrade(database, PACKAGE) else "already current"


def worker() -> None:
    """Do the jobs and deliver the webhooks until stopped."""
    context = make_context(Settings.from_environment())
    Postman(context.database, private=context.settings.private_webhooks).start()
    Worker(context.database, handlers(context), KINDS).run()


if __name__ == "__main__":
    commands.run(PACKAGE, migrate=migrate, worker=worker)
