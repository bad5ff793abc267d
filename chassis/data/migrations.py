"""Alembic migrations of one service, run by command and never at the start of a web process.

Asking whether a database is current needs no Alembic (its import costs a third of a web process's start): a migration
names its revision and the one before it in a line each, and the newest is the one that no other comes after. Numbers
are names and no order: two that were made side by side are chained as they came in.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, inspect, text

from chassis.core.errors import UpstreamUnavailable
from chassis.data.database import Database

POSTGRESQL_LOCK = 7305
REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
BEFORE = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def upgrade(database: Database, package: str) -> bool:
    """Bring the database of `package` (say `services.profile`) up to date; return whether anything was done."""
    if current(database) == head(package):
        return False
    from alembic import command  # noqa: PLC0415 -- see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_folder(package)))
    # One transaction, so that two starts at once cannot both create: the second waits and finds it done.
    with database.engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POSTGRESQL_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def check(database: Database, package: str) -> None:
    """Raise where the database is not what the code expects: a readiness check."""
    if (found := current(database)) != head(package):
        if found and found not in revisions(package):
            raise UpstreamUnavailable(
                f"The database stands at {found}, which this code does not know: a newer release has migrated it, and "
                "there is no way down. Install that release again, or restore the backup from before it: "
                "smecredit restore FROM --at MOMENT."
            )
        raise UpstreamUnavailable(
            f"The database stands at {found or 'nothing'} and the code at {head(package)}; "
            f"run: python -m {package}.cli migrate"
        )


def current(database: Database) -> str | None:
    """Return the revision that the database stands at, None when it is empty."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return found


@cache
def head(package: str) -> str:
    """Return the newest revision that the code knows."""
    steps = [path.read_text("utf-8") for path in (_folder(package) / "versions").glob("[0-9]*.py")]
    revisions, before = ({name for step in steps for name in line.findall(step)} for line in (REVISION, BEFORE))
    (newest,) = revisions - before
    return str(newest)


@cache
def revisions(package: str) -> frozenset[str]:
    """Return every revision that the code knows."""
    steps = (_folder(package) / "versions").glob("[0-9]*.py")
    return frozenset(name for step in steps for name in REVISION.findall(step.read_text("utf-8")))


def differences(database: Database, metadata: MetaData) -> list[Any]:
    """Return what separates the database from the tables in code; empty when the migrations are complete."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def run(metadata: MetaData) -> None:
    """Be the body of a service's `migrations/env.py`."""
    from alembic import context  # noqa: PLC0415

    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    context.run_migrations()


def _folder(package: str) -> Path:
    return Path(str(files(package))) / "migrations"
