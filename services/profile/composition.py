"""What the service is composed of, for web processes, workers and commands alike; it reaches no web framework."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.core.engine import engine_of
from chassis.data import jobs, migrations
from chassis.data.database import Database
from chassis.data.files import files_at
from services.profile.book.context import Context, PeerMaker
from services.profile.book.domain import public_record
from services.profile.book.lake import lakes
from services.profile.book.usecases.agree import name_steps
from services.profile.book.usecases.hooks import Hooks
from services.profile.portrait.usecases.order_peers import Ordering
from services.profile.rights.usecases.repair_by_file import REPAIRS
from services.profile.settings import Settings
from services.profile.supervision.domain.packs_of import packs
from services.profile.watch import alert_store

PACKAGE = "services.profile"
HOOKS: Mapping[str, Hooks] = {public_record.DATASET.name: REPAIRS}


def make_context(settings: Settings, peers: PeerMaker | None = None) -> Context:
    """Return the service's collaborators, for the web process and the worker alike. Nothing connects yet.

    `peers` sees to the figures of peers; by default they are ordered from a worker, which makes them. Raise
    `PackRefused` where a sector's pack contradicts itself: better at the start than when a firm is asked for.
    """
    packs(settings.sector_packs)
    return Context(
        settings=settings,
        database=Database(settings.database_url, jobs.limits(settings.queue_limits)),
        lakes=lakes(settings.lake_url, settings.lake_options, settings.cache),
        alerts=alert_store,
        peers=peers or Ordering(),
        uploads=files_at(settings.uploads, settings.scratch),
        engine=engine_of(settings.engine),
    )


def migrate(settings: Settings) -> bool:
    """Bring the database up to date and make the lakes; tell whether the database was not."""
    context = make_context(settings)
    for lake in context.lakes.values():
        lake.create(settings.buckets)
    done = migrations.upgrade(context.database, PACKAGE)
    if done:
        name_steps(context)
    return done
