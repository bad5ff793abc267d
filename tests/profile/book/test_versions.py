"""What is known of an enterprise since when: kept from its first mention on, and from before there was a history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from profile_house import House

import services.profile
from chassis.data import migrations
from chassis.data.database import Database
from services.profile.book import enterprise_store, state_store
from services.profile.book.domain.enterprise import Enterprise
from services.profile.composition import PACKAGE

URL = "/v1/enterprises/E1"


def told(house: House, known_at: str | None = None) -> dict[str, object]:
    moment = f"?known_at={known_at.replace('+', '%2B')}" if known_at else ""
    answer = house.client.get(f"{URL}/portrait{moment}", headers=house.owner())
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def test_a_past_portrait_shows_who_the_firm_was_then(house: House) -> None:
    """Its industry and size of then, hence its peers of then; the present one shows the present."""
    house.client.put(URL, json={"industry": "C13", "size_class": "small"}, headers=house.source)
    before = told(house)
    house.client.put(URL, json={"industry": "F51", "size_class": "large"}, headers=house.source)
    after, again = told(house), told(house, str(before["known_at"]))
    assert (after["enterprise"]["industry"], after["enterprise"]["size_class"]) == ("F51", "large")  # type: ignore[index]
    assert again == before


def test_a_new_description_moves_the_book_on_so_that_its_moment_can_be_named(house: House) -> None:
    """Two descriptions, two moments; the features of the firm are not touched."""
    house.client.put(URL, json={"name": "甲"}, headers=house.source)
    first = house.book()["known_at"]
    house.client.put(URL, json={"name": "乙"}, headers=house.source)
    assert house.book()["known_at"] > first


def test_a_firm_is_not_known_before_it_was_named(house: House) -> None:
    """Neither by itself nor among all."""
    house.client.put(URL, json={"name": "甲"}, headers=house.source)
    with house.context.database.read() as session:
        known_at = state_store.book(session).known_at
        assert enterprise_store.enterprises_at(session, known_at) == [Enterprise("local:E1", name="甲")]
        assert enterprise_store.enterprises_at(session, known_at - timedelta(seconds=60), ["local:E1"]) == []


def test_firms_from_before_the_history_are_known_as_readers_knew_them(tmp_path: Path) -> None:
    """The migration gives each its present description, not later than what readers have seen."""
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(services.profile.__file__).parent / "migrations"))
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.execute(sa.text("UPDATE book SET known_at = '2026-01-01 00:00:00.000000'"))
        connection.execute(
            sa.text(
                "INSERT INTO enterprises (id, name, established_on, employees, synthetic, lake_version, updated_at) "
                "VALUES ('local:E1', '甲', '2019-05-01', 12, 0, 1, '2026-01-01 00:00:05.000000')"
            )
        )
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        [firm] = enterprise_store.enterprises_at(session, seen)
    assert firm == Enterprise("local:E1", name="甲", established_on=date(2019, 5, 1), employees=12)
