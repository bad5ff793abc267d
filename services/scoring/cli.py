"""Maintenance commands of the scoring service: `python -m services.scoring.cli migrate|worker|redraw`."""

from __future__ import annotations

from functools import partial

from chassis.core import commands
from chassis.data import migrations
from chassis.data.chores import Chores
from chassis.data.crew import Crew, Post, posts
from chassis.data.database import Database
from services.scoring.context import PACKAGE, Context, make_context
from services.scoring.jobs import CLOCK, handlers
from services.scoring.problems import KINDS
from services.scoring.settings import Settings
from services.scoring.usecases.redraw import redraw
from services.scoring.usecases.renew import renew

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
    places = posts(context.database, handlers(context), KINDS, counts, "SCORING_WORKERS")
    Crew(context.database, [*places, Post(CLOCK, partial(_keep_the_clock, context))]).run()


def _keep_the_clock(context: Context, name: str) -> None:
    redraw(context)
    Chores({partial(renew, context): CORRECTIONS_SECONDS}).run(name)


if __name__ == "__main__":
    commands.run(PACKAGE, migrate=migrate, worker=worker, redraw=redraw_pictures)
