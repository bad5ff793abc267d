"""Clients are addressed by an id that cannot be taken for a firm or a role, and banks bear their registered names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import insert

from chassis.core.errors import Conflict, Invalid
from chassis.data import migrations
from chassis.data.database import Database
from gateway.cli import main
from gateway.context import Context
from gateway.identity.registry import Clients
from gateway.identity.store import Client
from gateway.identity.tables import ClientRow

FOLDER = Path(str(files("gateway") / "migrations"))
LOOK_ALIKES = ["local:S000006", "role:operator", "enterprise:local:E1", "a:b", ":", "bank-1:"]
Bearer = Callable[..., dict[str, str]]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database of the gateway, of each kind."""
    made = Database(database_url)
    migrations.upgrade(made, "gateway")
    yield made
    made.dispose()


@pytest.mark.parametrize("client_id", LOOK_ALIKES)
def test_a_client_cannot_look_like_another_kind_of_address(clients: Clients, client_id: str) -> None:
    """Not by the command line either; nothing is added."""
    with pytest.raises(Invalid, match="colon"):
        clients.add([Client("fine", "bank"), Client(client_id, "bank")], by_command=True)
    assert clients.page("", 10) == ([], None)


@pytest.mark.parametrize("client_id", LOOK_ALIKES)
def test_the_door_refuses_such_an_id(client: FlaskClient, bearer: Bearer, client_id: str) -> None:
    """It names the field."""
    made = client.post("/v1/clients", json=[{"id": client_id, "role": "bank"}], headers=bearer("ops", "operator"))
    assert made.status_code == 422
    assert "id" in str(made.json["errors"])


def test_an_upgrade_with_such_a_client_is_refused_until_it_has_ended(database: Database) -> None:
    """The refusal names it and says what to do; the row of one that has ended stays as it is."""
    _undo_the_check(database)
    with database.begin() as session:
        session.execute(insert(ClientRow).values(id="role:operator", role="bank", created_at=datetime.now(UTC)))
    with pytest.raises(Conflict, match=r"role:operator.*end-client"):
        migrations.upgrade(database, "gateway")
    Clients(database, b"pepper").disable("role:operator")
    assert migrations.upgrade(database, "gateway")
    assert [each["id"] for each in Clients(database, b"pepper").page("", 10)[0]] == ["role:operator"]


def test_the_command_line_ends_a_client(client: FlaskClient, bearer: Bearer) -> None:
    """Its key opens nothing any more."""
    key = bearer("bank-1", "bank")
    assert client.get("/v1/catalogue", headers=key).status_code == 200
    assert CliRunner().invoke(main, ["end-client", "bank-1"]).exit_code == 0
    _wait_for_revision(client)
    assert client.get("/v1/catalogue", headers=key).status_code == 401


@pytest.mark.parametrize(
    ("role", "told"), [("bank", "甲银行 Bank A"), ("operator", "甲银行 Bank A"), ("platform", None)]
)
def test_who_publishes_products_is_told_to_the_services_by_its_registered_name(
    clients: Clients, context: Context, role: str, told: str | None
) -> None:
    """A name that was changed is told from the next request on."""
    (key,) = clients.add([Client("a", role, None, "old")])
    assert context.authority.admit(key.text).caller.name == (told and "old")
    clients.rename("a", " 甲银行 Bank A ")
    token = context.authority.admit(key.text).authorization.removeprefix("Bearer ")
    assert context.authority.admit(token).caller.name == told


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_that_says_nothing_is_refused(clients: Clients, key: Callable[..., str], name: str) -> None:
    """It would stand on every product."""
    key("bank-1")
    with pytest.raises(Invalid):
        clients.rename("bank-1", name)


def _undo_the_check(database: Database) -> None:
    """Bring the database back to before client ids were looked at."""
    (look,) = (FOLDER / "versions").glob("*_client_ids.py")
    before = migrations.BEFORE.search(look.read_text())
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with database.engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, before.group(1) if before else "base")


def _wait_for_revision(client: FlaskClient) -> None:
    """Let the process learn of what another has changed: it does within a second."""
    authority = client.application.extensions["context"].authority
    authority._asked = float("-inf")
