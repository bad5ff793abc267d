"""Identities that no operator makes: those of a development machine, and the services that act for others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.errors import Invalid
from chassis.data.database import Database
from gateway.identity import keys, store
from gateway.identity.roles import DEVELOPMENT_CLIENTS, DEVELOPMENT_NAMES, SERVICE
from gateway.identity.store import Client

SERVICES = tuple(name for name, role in DEVELOPMENT_CLIENTS.items() if role == SERVICE)


def development_keys(database: Database, pepper: bytes, known: Mapping[str, str]) -> dict[str, str]:
    """Return a working key for each development identity.

    A known key that still opens its client is kept, so that a second call changes nothing; where it is lost, the
    client's older keys are disabled and a new one is made.
    """
    with database.begin() as session:
        working = {
            name: _known_key(session, Client(name, role), known.get(name, ""), pepper)
            for name, role in DEVELOPMENT_CLIENTS.items()
        }
        for client, name in DEVELOPMENT_NAMES.items():
            store.rename(session, client, name)
        store.advance(session)
    return working


def register_services(database: Database, pepper: bytes, given: Mapping[str, str]) -> None:
    """Make each service known by the key that its environment holds; its older keys end with that."""
    for name, text in given.items():
        if keys.parse(text) is None:
            raise Invalid(f"{name.upper()}_CLIENT_KEY holds no key; make one: python -m gateway.cli key")
    with database.begin() as session:
        for name, text in given.items():
            _known_key(session, Client(name, SERVICE), text, pepper, mint=False)
        store.advance(session)


def _known_key(session: Session, client: Client, known: str, pepper: bytes, *, mint: bool = True) -> str:
    """Return the key of `client`: the known one if it still opens the client, else a new one."""
    now = datetime.now(UTC)
    if not store.existing(session, [client.id]):
        store.add_clients(session, [client], now)
    parsed = keys.parse(known)
    stored = store.live_key(session, parsed.id) if parsed else None
    if parsed and stored and stored.client.id == client.id and keys.matches(parsed.text, stored.digest, pepper):
        return parsed.text
    if parsed and not mint and store.key_exists(session, parsed.id):
        raise Invalid(f"The key of {client.id} was ended before, or is another's; make a fresh one: gateway.cli key")
    for lost in store.live_keys_of(session, [client.id])[client.id]:
        store.disable_key(session, client.id, lost, now)
    key = parsed if parsed and not mint else keys.mint()
    store.add_keys(session, [(client.id, key.id, keys.digest(key.text, pepper))], now)
    return key.text
