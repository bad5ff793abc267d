"""The migrations make exactly the tables that the code uses, and each of them can be undone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, inspect, select

from chassis.data import migrations
from chassis.data.database import Database
from services.profile.book import date_store, source_grant_store, state_store
from services.profile.composition import PACKAGE
from services.profile.tables import Base


@pytest.fixture
def tables_of() -> None:
    """Return no service: here a fresh database is empty."""


def move(database: Database, revision: str) -> None:
    """Go up or down to a revision in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(files(PACKAGE) / "migrations"))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        there = inspect(connection).has_table("book")
        (command.downgrade if there else command.upgrade)(config, revision)


def downgrade(database: Database) -> None:
    """Undo all migrations in one transaction."""
    move(database, "base")


def test_an_existing_book_keeps_its_date(database_url: str) -> None:
    """What the latest invoice had made it stands as the operator's first version, so that no figure jumps."""
    database = Database(database_url)
    move(database, "0017")
    with database.engine.execution_options(writes=True).begin() as connection:
        book = Table("book", MetaData(), autoload_with=connection)
        connection.execute(book.update().values(date=date(2020, 2, 21)))
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        state, first = state_store.book(session), date_store.newest(session)
    assert first
    assert (state.date, state.latest) == (first.date, first.date) == (date(2020, 2, 21), date(2020, 2, 21))
    assert (first.version, first.set_by) == (1, "migration")
    move(database, "0017")
    with database.engine.connect() as connection:
        assert connection.execute(select(book.c.date)).scalar() == date(2020, 2, 21)
    database.dispose()


def test_an_existing_source_keeps_what_it_has_sent(database_url: str) -> None:
    """By each channel its kinds, and outcomes where a file stated them; what firms say of themselves needs no grant."""
    database = Database(database_url)
    move(database, "0031")
    now = datetime(2026, 11, 1, tzinfo=UTC)
    sent = [
        ("i1", "tax-office", "enterprises", "government"),
        ("i2", "tax-office", "invoices.sale", "government"),
        ("i3", "tax-office", "invoices.sale", "government"),
        ("i4", "tax-office", "payments", "counterparty"),
        ("i5", "local:E1", "invoices.sale", "subject"),
    ]
    with database.engine.execution_options(writes=True).begin() as connection:
        there = {
            name: Table(name, MetaData(), autoload_with=connection) for name in ("imports", "enterprises", "outcomes")
        }
        for name, client, kind, channel in sent:
            row = {"id": name, "client": client, "kind": kind, "channel": channel, "file": "f", "sha256": "", "size": 1}
            connection.execute(there["imports"].insert().values(row | {"created_at": now}))
        connection.execute(
            there["enterprises"]
            .insert()
            .values({"id": "local:E1", "synthetic": False, "lake_version": 0, "updated_at": now})
        )
        stated = {"id": "o1", "enterprise": "local:E1", "defaulted": True, "import_id": "i1", "known_at": now}
        connection.execute(there["outcomes"].insert().values(stated))
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        grants = source_grant_store.live(session, "tax-office", date(2026, 12, 1))
        assert source_grant_store.live(session, "local:E1", date(2026, 12, 1)) == []
    found = {(one.kinds, one.channels, one.enterprises) for one in grants}
    assert found == {
        (("enterprises", "invoices.sale", "outcomes"), ("government",), None),
        (("payments",), ("counterparty",), None),
    }
    move(database, "0031")
    database.dispose()


def test_migrations_go_up_down_to_nothing_and_up_again(database_url: str) -> None:
    """On both databases; each time up, the tables are those of the code."""
    database = Database(database_url)
    for _ in range(2):
        assert migrations.upgrade(database, PACKAGE)
        assert migrations.differences(database, Base.metadata) == []
        downgrade(database)
        assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.dispose()
