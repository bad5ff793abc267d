"""Maintenance commands of the matching service: `python -m services.matching.cli COMMAND`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.core import commands
from chassis.core.errors import Refused
from chassis.core.findings import DEEP, USUAL, Finding, told
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
from services.matching.usecases.seal_secrets import seal_secrets, unreadable

NOTICES_SECONDS = 5.0
# What was left by a process of before, or under a key of before, is sealed anew without anybody's command.
SEALED_SECONDS = 600.0
NEW_KEY = "new-key"
NO_KEY = "bring the key back that sealed it, or have its client order another: POST /v1/webhooks/{id}/secret"


def migrate() -> str:
    """Bring the database up to date, and seal what is not sealed with the newest key."""
    context = make_context(Settings.from_environment())
    migrated = migrations.upgrade(context.database, PACKAGE)
    seal_secrets(context.database, context.sealer)
    return "migrated" if migrated else "already current"


def reseal(key: str = "") -> dict[str, Any]:
    """Seal all secrets of webhooks with the newest key; `new-key` makes one first, in the home."""
    context = make_context(Settings.from_environment())
    if key != NEW_KEY:
        sealed = seal_secrets(context.database, context.sealer)
    elif context.settings.secret_keys:
        raise Refused("The keys are the environment's: put a new one before the others in MATCHING_SECRET_KEYS.")
    else:
        with context.sealer.changing_keys():
            seal_secrets(context.database, context.sealer)  # with the present key all, before those before it go
            context.sealer.prepare_key()
            sealed = seal_secrets(context.database, context.sealer)
    return {"sealed": sealed, "unreadable": unreadable(context.database, context.sealer)}


def worker() -> None:
    """Do the jobs, deliver the webhooks and send notices on, until stopped."""
    context = make_context(Settings.from_environment())
    counts = context.settings.workers
    places = posts(context.database, all_handlers(context), KINDS, counts, "MATCHING_WORKERS")
    postman = Postman(context.database, context.sealer, private=context.settings.private_webhooks)
    chores: dict[Callable[[], object], float] = {
        partial(forward_notices, context): NOTICES_SECONDS,
        partial(seal_secrets, context.database, context.sealer): SEALED_SECONDS,
        partial(tick, context.database, scheduled(context)): TICK_SECONDS,
    }
    beside = [Post(DELIVERIES, postman.run, postman.hand_back), Post(CLOCK, Chores(chores).run)]
    Crew(context.database, [*places, *beside]).run()


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
    findings = list(check_database(database, PACKAGE, checked, deep=depth == DEEP))
    if not findings:
        findings = [
            Finding("secret", f"webhook {endpoint}", "no key opens it", "a secret that can be signed with", NO_KEY)
            for endpoint in unreadable(database, make_context(Settings.from_environment()).sealer)
        ]
    return told(checked, findings)


def backup(place: str, moment: str) -> dict[str, Any]:
    """Put this service into the backup of a moment, at a place that is a folder or an object store."""
    settings = Settings.from_environment()
    own = [(settings.ledger_keys, settings.ledger_key_file), (settings.secret_keys, settings.secret_key_file)]

    def named(_: Copy) -> Named:
        """Return no files, but the names of the secret keys of the home that are no part of the backup."""
        return Named(facts={"keys": [file.name for given, file in own if not given and file.exists()]})

    return save_to(place, moment, SERVICE, settings.database_url, named)


def restore(place: str, moment: str) -> dict[str, Any]:
    """Bring this service back from the backup of a moment, into an empty place."""
    return fetch_from(place, moment, SERVICE, Settings.from_environment().database_url)


if __name__ == "__main__":
    upkeep: dict[str, commands.Command] = {
        "schedule": schedule,
        "jobs": jobs,
        "reseal": reseal,
        "again": again,
        "verify": verify,
        "backup": backup,
        "restore": restore,
    }
    commands.run(PACKAGE, migrate=migrate, worker=worker, **upkeep)
