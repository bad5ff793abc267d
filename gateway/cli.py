"""Maintenance of the gateway: `python -m gateway.cli COMMAND`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click
import orjson
from sqlalchemy import update

from chassis.core import logs
from chassis.core.errors import Invalid, Refused
from chassis.core.findings import DEEP, USUAL, Finding, told
from chassis.core.sealing import Sealer
from chassis.core.settings import SettingsError
from chassis.data import migrations
from chassis.data.backups import Named, fetch_from, save_to
from chassis.data.check import check_database
from chassis.data.database import Database
from chassis.data.schedule import listed
from gateway.identity import assertions, keys
from gateway.identity.factors import sealed
from gateway.identity.identities import SERVICES, development_keys, register_services
from gateway.identity.people import People
from gateway.identity.registry import Clients
from gateway.identity.roles import DEFAULT_SCOPES
from gateway.identity.store import Client
from gateway.identity.tables import SessionRow, StepRow
from gateway.identity.tokens import prepare, rotate
from gateway.settings import Settings
from gateway.upkeep import scheduled

PART = "gateway"
NEW_KEY = "new-key"
NO_KEY = "bring the key back that sealed it, or have its person add another: person reset-factors LOGIN"


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """Maintain the gateway: its database, its identities and its keys."""
    logs.configure("gateway")
    context.obj = Settings.from_environment()


@main.command()
@click.argument("place")
@click.argument("moment")
@click.pass_obj
def backup(settings: Settings, place: str, moment: str) -> None:
    """Put the gateway into the backup of a MOMENT at PLACE, a folder or an object store."""
    keys = sorted(path.name for path in settings.home.glob(f"{settings.signing_key.stem}*") if path.is_file())
    keys += [settings.keys_file.name] * settings.keys_file.exists()
    keys += [settings.secret_key_file.name] * (not settings.secret_keys and settings.secret_key_file.exists())
    saved = save_to(place, moment, PART, settings.database_url, lambda _: Named(facts={"keys": keys}))
    click.echo(orjson.dumps(saved))


@main.command()
@click.argument("place")
@click.argument("moment")
@click.pass_obj
def restore(settings: Settings, place: str, moment: str) -> None:
    """Bring the gateway back from the backup of a MOMENT; whoever was signed in then signs in anew."""
    brought = fetch_from(place, moment, PART, settings.database_url)
    with Database(settings.database_url).begin() as session:
        # Who has signed out since, or was shut out, must not be let in by a session of then.
        for row in (SessionRow, StepRow):
            session.execute(update(row).where(row.ended_at.is_(None)).values(ended_at=datetime.now(UTC)))
    click.echo(orjson.dumps(brought))


@main.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    done = migrations.upgrade(Database(settings.database_url), "gateway")
    click.echo(f"gateway: {'migrated to the newest revision' if done else 'already current'}")


@main.command()
@click.option("--development", is_flag=True, required=True, help="Say that these are for development.")
@click.pass_obj
def identities(settings: Settings, development: bool) -> None:
    """Make the development identities and write their keys to keys.json (mode 0600); keys that work are kept."""
    if settings.production:
        raise click.ClickException(
            "Development identities are refused while SMECREDIT_ENV=production. Make real ones: "
            "python -m gateway.cli client ID --role ROLE."
        )
    database = Database(settings.database_url)
    migrations.upgrade(database, "gateway")
    working = development_keys(database, settings.pepper, _known(settings.keys_file))
    _write_secret(settings.keys_file, orjson.dumps(working, option=orjson.OPT_INDENT_2))
    click.echo(f"{len(working)} development identities ({', '.join(working)}); their keys are in keys.json, mode 0600.")


@main.command()
@click.argument("client_id", metavar="ID")
@click.option("--role", required=True, type=click.Choice(sorted(DEFAULT_SCOPES)))
@click.option("--enterprise", help="The enterprise that a client of role enterprise is.")
@click.option("--name", help="The client's name; a bank's products bear it.")
@click.pass_obj
def client(settings: Settings, client_id: str, role: str, enterprise: str | None, name: str | None) -> None:
    """Make a client and print its key, this once: the first operator, or a service."""
    clients = Clients(Database(settings.database_url), settings.pepper)
    (minted,) = clients.add([Client(client_id, role, enterprise, name)], by_command=True)
    click.echo(minted.text)


@main.command("rename-client")
@click.argument("client_id", metavar="ID")
@click.argument("name")
@click.pass_obj
def rename_client(settings: Settings, client_id: str, name: str) -> None:
    """Enter a client's NAME in the register; a bank's products bear it from their next version on."""
    Clients(Database(settings.database_url), settings.pepper).rename(client_id, name)
    click.echo(f"{client_id} is {name.strip()}.")


@main.command("end-client")
@click.argument("client_id", metavar="ID")
@click.pass_obj
def end_client(settings: Settings, client_id: str) -> None:
    """End a client with all its keys and tokens, as POST /v1/clients/{id}/disable does."""
    Clients(Database(settings.database_url), settings.pepper).disable(client_id)
    click.echo(f"{client_id} has ended, with all its keys.")


@main.group("public-key")
def public_key() -> None:
    """Register and end the public keys that clients sign assertions with (`private_key_jwt`)."""


@public_key.command("add")
@click.argument("client_id", metavar="CLIENT")
@click.argument("file", type=click.File())
@click.pass_obj
def add_public_key(settings: Settings, client_id: str, file: TextIO) -> None:
    """Register the public key (PEM, P-256) in FILE for CLIENT and print its id; two may live at once."""
    click.echo(assertions.register(Database(settings.database_url), client_id, file.read()))


@public_key.command("end")
@click.argument("client_id", metavar="CLIENT")
@click.argument("key_id", metavar="KEY")
@click.pass_obj
def end_public_key(settings: Settings, client_id: str, key_id: str) -> None:
    """End a public key at once, with every token that came from it."""
    assertions.end(Database(settings.database_url), client_id, key_id)
    click.echo(f"{client_id}: the public key {key_id} opens nothing any more.")


@main.group()
def person() -> None:
    """Invite, reset and end the people who sign in to the portal."""


@person.command("invite")
@click.argument("login")
@click.option("--client", "client_id", required=True, help="The client that the person signs in for.")
@click.pass_obj
def invite_person(settings: Settings, login: str, client_id: str) -> None:
    """Add a person and print a code, this once; at /portal/invitation they choose a password within 72 hours."""
    click.echo(_people(settings).invite(login, client_id))


@person.command("reset")
@click.argument("login")
@click.pass_obj
def reset_person(settings: Settings, login: str) -> None:
    """End a person's password and sessions and print a new code, this once."""
    click.echo(_people(settings).reset(login))


@person.command("reset-factors")
@click.argument("login")
@click.pass_obj
def reset_factors(settings: Settings, login: str) -> None:
    """End a person's second factors, password and sessions and print a new code, this once.

    Make sure first that it is the person who asks, as well as when they were invited; they are told when they sign in.
    """
    click.echo(_people(settings).reset_factors(login))


@person.command("factors")
@click.argument("login", required=False)
@click.pass_obj
def factors_of_people(settings: Settings, login: str | None) -> None:
    """List what happened to second factors, the newest first: of LOGIN, or of everybody."""
    record = _people(settings).record(login)
    for name, client_id, event in record:
        said = (f"{event.at:%Y-%m-%dT%H:%M:%SZ}", name, client_id, event.kind, event.factor or "-", event.name or "-")
        click.echo("\t".join(said))
    if not record:
        click.echo("Nothing yet: nobody has added, used up or removed a second factor.")


@person.command("disable")
@click.argument("login")
@click.pass_obj
def disable_person(settings: Settings, login: str) -> None:
    """End a person's account with all sessions."""
    _people(settings).disable(login)
    click.echo("The account has ended, with all its sessions.")


@person.command("list")
@click.pass_obj
def list_people(settings: Settings) -> None:
    """List logins, their clients, whether they are invited, active or ended, and whether they have a second factor."""
    people = _people(settings).listing()
    for row in people:
        click.echo("\t".join(row))
    if not people:
        click.echo("Nobody yet. Invite somebody: python -m gateway.cli person invite LOGIN --client ID")


@main.command()
def key() -> None:
    """Print a fresh key that nobody has yet, to be given to a service through its environment."""
    click.echo(keys.mint().text)


@main.command()
@click.pass_obj
def services(settings: Settings) -> None:
    """Make the services that act for clients known by the keys in SCORING_CLIENT_KEY and MATCHING_CLIENT_KEY.

    A key that changed replaces the one before it, so that this may run at every deployment.
    """
    given = {name: os.environ.get(f"{name.upper()}_CLIENT_KEY", "") for name in SERVICES}
    register_services(Database(settings.database_url), settings.pepper, given)
    click.echo(f"known by their keys: {', '.join(SERVICES)}")


@main.command("rotate-signing-key")
@click.option("--prepare", "only_prepare", is_flag=True, help="The first step: publish the key that will sign next.")
@click.pass_obj
def rotate_signing_key(settings: Settings, only_prepare: bool) -> None:
    """Change the signing key in two steps, each followed by a restart of the gateway: publish, then sign."""
    if only_prepare:
        prepare(settings.signing_key)
        click.echo("The next key is in place. Restart every gateway; it is then published: rotate-signing-key.")
        return
    rotate(settings.signing_key)
    click.echo("The new key signs after a restart; the one before it stays published. Restart every gateway now.")


@main.command("schedule")
@click.pass_obj
def schedule(settings: Settings) -> None:
    """List what the clock orders: when it is due, when it was done last, and what came of it."""
    database = Database(settings.database_url)
    click.echo(listed(database, scheduled(database, settings.schedule)))


@main.command("reseal")
@click.argument("key", default="")
@click.pass_obj
def reseal(settings: Settings, key: str) -> None:
    """Seal all secrets of second factors with the newest key; `new-key` makes one first, in the home. Tells JSON."""
    database, sealer = Database(settings.database_url), _sealer(settings)
    if key != NEW_KEY:
        done = sealed.seal_secrets(database, sealer)
    elif settings.secret_keys:
        raise Invalid("The keys are the environment's: put a new one before the others in GATEWAY_SECRET_KEYS.")
    else:
        with sealer.changing_keys():
            sealed.seal_secrets(database, sealer)  # with the present key all, before those before it go
            sealer.prepare_key()
            done = sealed.seal_secrets(database, sealer)
    click.echo(orjson.dumps({"sealed": done, "unreadable": sealed.unreadable(database, sealer)}).decode())


@main.command("verify")
@click.argument("depth", default=USUAL)
@click.pass_obj
def verify(settings: Settings, depth: str) -> None:
    """Check the database of clients, keys and people; `deep` looks at every page of its file. Tells JSON."""
    checked: Counter[str] = Counter()
    database = Database(settings.database_url)
    found = list(check_database(database, "gateway", checked, deep=depth == DEEP))
    if not found:
        closed = sealed.unreadable(database, _sealer(settings))
        found = [Finding("secret", f"second factor {each}", "no key opens it", "a secret", NO_KEY) for each in closed]
    click.echo(orjson.dumps(told(checked, found)).decode())


def _sealer(settings: Settings) -> Sealer:
    return Sealer(settings.secret_keys, settings.secret_key_file)


def _people(settings: Settings) -> People:
    return People(Database(settings.database_url), settings.pepper)


def _known(path: Path) -> dict[str, str]:
    try:
        known: dict[str, str] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return known


def _write_secret(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)  # created with mode 0600, and moved into place whole
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)


if __name__ == "__main__":
    try:
        main()
    except SettingsError as error:
        sys.exit(str(error))
    except Refused as refusal:
        sys.exit(refusal.detail)
