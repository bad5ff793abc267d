"""The matching database is what the tables in code say, and each migration can be taken back."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from importlib.resources import files

import orjson
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from chassis.data import migrations
from chassis.data.database import Database
from services.matching import store
from services.matching.settings import PACKAGE
from services.matching.tables import Base, Plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_migrations_make_exactly_the_declared_tables(database_url: str) -> None:
    """On both databases."""
    database = Database(database_url)
    migrations.upgrade(database, PACKAGE)
    assert migrations.differences(database, Base.metadata) == []
    database.dispose()


def test_every_migration_can_go_down_and_up_again(database_url: str) -> None:
    """Down to the base nothing is left; up again it is what it was."""
    database = Database(database_url)
    migrations.upgrade(database, PACKAGE)
    migrate(database, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    migrations.upgrade(database, PACKAGE)
    assert migrations.differences(database, Base.metadata) == []
    database.dispose()


def test_a_plan_made_before_keeps_what_it_was_made_from(database_url: str) -> None:
    """Every firm that it speaks of; a dry run over all that may be read lists only some, and loses its totals."""
    database = Database(database_url)
    migrate(database, "0005")
    allocation = {"lent_fen": 5, "lines": [{"enterprise": "local:E2"}], "excluded": [{"enterprise": "local:E1"}]}
    dry_run = {"gained": 1, "as_of": "2020-01-31", "lines": [{"enterprise": "local:E1"}]}
    named = {"enterprises": ["local:E1", "local:E3"]}
    with database.begin() as session:
        for plan, kind, order, answer in (
            ("a", "allocation", {"enterprises": None}, allocation),
            ("b", "dry-run", {"enterprises": None}, dry_run),
            ("c", "dry-run", named, dry_run),
        ):
            packed = zlib.compress(orjson.dumps(answer))
            session.add(
                Plan(
                    id=plan,
                    kind=kind,
                    client="b",
                    job=plan,
                    document=order,
                    known_at=NOW,
                    created_at=NOW,
                    answer=packed,
                )
            )
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        found = {plan: store.planned(session.get_one(Plan, plan)) for plan in "abc"}
    assert found["a"] == store.Planned(allocation, ["local:E1", "local:E2"])
    assert found["b"] == store.Planned({name: dry_run[name] for name in ("as_of", "lines")}, ["local:E1"])
    assert found["c"] == store.Planned(dry_run, ["local:E1", "local:E3"])
    migrate(database, "0005")
    with database.read() as session:
        kept = session.get_one(Plan, "a").answer
        assert kept is not None
        assert orjson.loads(zlib.decompress(kept)) == allocation
    database.dispose()


def migrate(database: Database, revision: str) -> None:
    """Bring a database to a revision, up or down."""
    config = Config()
    config.set_main_option("script_location", str(files(PACKAGE) / "migrations"))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        fresh = not inspect(connection).has_table("plans")
        (command.upgrade if fresh else command.downgrade)(config, revision)
