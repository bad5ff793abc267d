"""The matching database is what the tables in code say, and each migration can be taken back."""

from __future__ import annotations

import zlib
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

import orjson
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, insert, inspect, select

from chassis.core.moments import today
from chassis.data import keys, migrations
from chassis.data.database import Database
from chassis.data.keys import Claim
from services.matching import store
from services.matching.domain.loan_offer import OfferExpired, require_standing
from services.matching.settings import PACKAGE
from services.matching.tables import (
    Application,
    ApplicationEvent,
    ApplicationOffer,
    Base,
    Batch,
    BatchPart,
    Plan,
    WebhookDelivery,
    WebhookEndpoint,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def tables_of() -> None:
    """Return no service: here a fresh database is empty."""


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
    """Every firm that it speaks of, whatever the order names; a dry run lists only some, and loses its totals."""
    database = Database(database_url)
    migrate(database, "0005")
    allocation = {
        "lent_fen": 5,
        "as_of": "2020-01-30",
        "lines": [{"enterprise": "local:E2"}],
        "excluded": [{"enterprise": "local:E1"}],
    }
    dry_run = {"gained": 1, "as_of": "2020-01-31", "lines": [{"enterprise": "local:E1"}]}
    named = {"enterprises": ["local:E1", "local:E3"]}
    with database.begin() as session:
        for plan, kind, order, answer in (
            ("a", "allocation", {"enterprises": None}, allocation),
            ("b", "dry-run", {"enterprises": None}, dry_run),
            ("c", "dry-run", named, dry_run),
            ("d", "allocation", named, allocation),
        ):
            packed = zlib.compress(orjson.dumps(answer))
            told = order if kind == "allocation" else {**order, "product": {"id": f"product-{plan}"}}
            # By its columns of then: the class has more.
            row = {"id": plan, "kind": kind, "client": "b", "job": plan, "document": told, "answer": packed}
            session.execute(insert(Plan.__table__), [{**row, "known_at": NOW, "created_at": NOW}])
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        found = {plan: store.planned(session.get_one(Plan, plan)) for plan in "abcd"}
        days = [session.get_one(Plan, plan).as_of for plan in "abcd"]
        products = [session.get_one(Plan, plan).product for plan in "abcd"]
    assert products == [None, "product-b", "product-c", None]
    offered = {"offered_fen": allocation.pop("lent_fen"), **allocation}
    assert found["a"] == found["d"] == store.Planned(offered, ["local:E1", "local:E2"])
    assert found["b"] == found["c"] == store.Planned({name: dry_run[name] for name in ("as_of", "lines")}, ["local:E1"])
    assert days == [date(2020, 1, 30), date(2020, 1, 31), date(2020, 1, 31), date(2020, 1, 30)]
    migrate(database, "0005")
    with database.read() as session:
        kept = session.scalar(select(Plan.answer).where(Plan.id == "a"))
        assert kept is not None
        assert orjson.loads(zlib.decompress(kept)) == {"lent_fen": 5, **allocation}
    database.dispose()


def test_a_batch_made_before_keeps_the_day_of_its_lines(database_url: str) -> None:
    """One that failed or still waits has none yet, and one whose order named a day keeps that."""
    database = Database(database_url)
    migrate(database, "0005")
    made = {"a": (None, b'{"as_of":"2020-01-31"}'), "b": (None, None), "c": (date(2019, 12, 31), None)}
    with database.begin() as session:
        for batch, (as_of, _) in made.items():
            order = {"client": "b", "job": batch, "need": {}, "known_at": NOW, "created_at": NOW}
            session.add(Batch(id=batch, as_of=as_of, **order))
        session.flush()
        for batch, (_, line) in made.items():
            if line is not None:
                # By its columns of then: the class has more.
                part = {"batch": batch, "number": 0, "enterprises": ["local:E1"], "lines": zlib.compress(line)}
                session.execute(insert(BatchPart.__table__), [part])
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        days = [session.get_one(Batch, batch).as_of for batch in made]
    assert days == [date(2020, 1, 31), None, date(2019, 12, 31)]
    database.dispose()


def test_offers_made_before_have_numbers(database_url: str) -> None:
    """What the bank offered last is offer 1, whatever a later move wrote over it; nobody can accept it any more."""
    database = Database(database_url)
    migrate(database, "0012")
    offered, written_over = {"amount_fen": 5, "months": 12, "rate": 0.04}, {"amount_fen": 9, "months": 600, "rate": 0}
    stood = {"a": "offered", "b": "disbursed", "c": "submitted", "d": "declined", "e": "withdrawn", "f": "withdrawn"}
    for name, state in stood.items():
        moves = {"c": [], "b": ["offer", "accept", "disburse"], "e": ["offer", "accept"]}.get(name, ["offer"])
        _applied_before(database, name, state, [(move, offered if move == "offer" else written_over) for move in moves])
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        rows = {row.application: row for row in session.scalars(select(ApplicationOffer))}
        applications = {row.id: row for row in session.scalars(select(Application))}
        wrote = [
            row.terms for row in session.scalars(select(ApplicationEvent).where(ApplicationEvent.application == "b"))
        ]
    assert {name: row.state for name, row in rows.items()} == {
        "a": "lapsed",
        "b": "accepted",
        "d": "lapsed",
        "e": "accepted",
        "f": "lapsed",
    }
    assert all(row.document.items() >= offered.items() and row.sha256 is None for row in rows.values())
    assert all(applications[name].terms == offered for name in rows)
    assert wrote == [offered, written_over, written_over]
    with pytest.raises(OfferExpired):
        require_standing(1, applications["a"].offer, applications["a"].expires_on, today())
    database.dispose()


def _applied_before(database: Database, name: str, state: str, moves: list[tuple[str, dict[str, Any]]]) -> None:
    """Enter an application of before offers had numbers: `terms` are what its last move wrote."""
    base: dict[str, Any] = {"dossier": "d", "enterprise": "local:E1", "applicant": "firm", "bank": "b", "product": "p"}
    base |= {"product_version": 1, "created_at": NOW, "updated_at": NOW}
    terms = _packed(database, moves[-1][1] if moves else None)
    row = {**base, "need": _packed(database, {}), "documents": _packed(database, []), "terms": terms}
    said = {"application": name, "state": "offered", "client": "b", "party": "bank", "at": NOW}
    with database.begin() as session:
        session.execute(insert(_as_it_was(database, "applications")), [{**row, "id": name, "state": state}])
        for number, (event, wrote) in enumerate(moves, 1):
            move = {**said, "number": number, "event": event, "terms": _packed(database, wrote)}
            session.execute(insert(_as_it_was(database, "application_events")), [move])


def _as_it_was(database: Database, table: str) -> Table:
    return Table(table, MetaData(), autoload_with=database.engine)


def _packed(database: Database, value: Any) -> Any:
    """Return a document as a driver takes it for a column whose type was read from the database."""
    return value if database.engine.dialect.name == "postgresql" else orjson.dumps(value).decode()


def test_no_answer_kept_before_holds_a_secret(database_url: str) -> None:
    """Only that is taken out of answers about webhooks; others stay as they are."""
    database = Database(database_url)
    migrate(database, "0013")
    shown = {"id": "whe_1", "url": "https://example.com/hook", "enabled": True}
    answers = {
        "a": {**shown, "secret": "whsec_AAAA"},
        "b": {"applications": [], "title": "含 whsec_ 的文字"},
        "c": {"secret": "another"},
        "d": None,
        "e": ["whsec_"],
    }
    with database.begin() as session:
        for key, answer in answers.items():
            claim = Claim("bank-1", key, "f")
            assert keys.claimed(session, claim)
            if answer is not None:
                keys.keep(session, claim, answer)
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        kept = {key: stored[1] for key in answers if (stored := keys.stored(session, Claim("bank-1", key, "f")))}
    assert kept == answers | {"a": shown}
    database.dispose()


def test_messages_of_before_have_numbers_and_those_that_wait_get_theirs(database_url: str) -> None:
    """What was sent counts up in order; a receiver that was gone stays so, and nothing waits for it."""
    database = Database(database_url)
    migrate(database, "0014")
    base = {"client": "bank-1", "url": "https://example.com", "secret": "whsec_AAAA", "created_at": NOW}
    sent = {"client": "bank-1", "body": b"{}", "attempts": 1, "due_at": NOW, "created_at": NOW}
    states = ["delivered", "failed", "pending", "delivered", "pending"]
    with database.begin() as session:
        hooks, rows = (_as_it_was(database, name) for name in ("webhook_endpoints", "webhook_deliveries"))
        session.execute(insert(hooks), [{**base, "id": "a", "enabled": True}, {**base, "id": "b", "enabled": False}])
        mine = [{**sent, "endpoint": "a", "id": f"m{n}", "state": state} for n, state in enumerate(states)]
        session.execute(insert(rows), [*mine, {**sent, "endpoint": "b", "id": "x", "state": "pending"}])
    migrations.upgrade(database, PACKAGE)
    with database.read() as session:
        numbers = {row.id: (row.sequence, row.state) for row in session.scalars(select(WebhookDelivery))}
        hooks_now = {row.id: (row.sequence, row.put_aside) for row in session.scalars(select(WebhookEndpoint))}
    assert [numbers[f"m{n}"][0] for n in range(5)] == [1, 2, None, 3, None]
    assert numbers["x"][1] == "failed"
    assert hooks_now == {"a": (3, None), "b": (0, "gone")}
    migrate(database, "0014")
    with database.read() as session:
        hooks = _as_it_was(database, "webhook_endpoints")
        enabled = {row.id: bool(row.enabled) for row in session.execute(select(hooks)).all()}
    assert enabled == {"a": True, "b": False}
    database.dispose()


def test_processes_of_the_release_before_work_beside_those_of_this_one(database_url: str) -> None:
    """During an exchange the database is migrated first: what they wrote then they write now, and read in all rows."""
    database = Database(database_url)
    migrate(database, "0016")
    hooks, rows = (_as_it_was(database, name) for name in ("webhook_endpoints", "webhook_deliveries"))
    base = {"client": "bank-1", "url": "https://example.com", "secret": "whsec_AAAA", "created_at": NOW}
    sent = {"endpoint": "a", "client": "bank-1", "body": b"{}", "state": "pending", "attempts": 0, "created_at": NOW}
    migrations.upgrade(database, PACKAGE)
    with database.begin() as session:
        session.execute(insert(hooks), [{**base, "id": "a", "enabled": True}])
        session.execute(insert(rows), [{**sent, "id": "m1", "due_at": NOW}])
        session.add(WebhookEndpoint(**base, id="b", sequence=0, failures=0))
        session.add(WebhookDelivery(**sent, id="m2"))
    with database.read() as session:
        enabled = {row.id: bool(row.enabled) for row in session.execute(select(hooks)).all()}
        due = {row.id: row.due_at is not None for row in session.execute(select(rows)).all()}
        numbered = session.get_one(WebhookEndpoint, "a").sequence
    assert (enabled, due, numbered) == ({"a": True, "b": True}, {"m1": True, "m2": False}, 0)
    database.dispose()


def migrate(database: Database, revision: str) -> None:
    """Bring a database to a revision, up or down."""
    config = Config()
    config.set_main_option("script_location", str(files(PACKAGE) / "migrations"))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        fresh = not inspect(connection).has_table("plans")
        (command.upgrade if fresh else command.downgrade)(config, revision)
