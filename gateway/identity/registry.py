"""The register of clients: the operator adds them, gives them keys, and ends both."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from chassis.core import enterprise_id
from chassis.core.errors import Conflict, Invalid, NotFound
from chassis.data.database import Database
from gateway.identity import keys, store
from gateway.identity.authority import Authority
from gateway.identity.keys import ApiKey
from gateway.identity.roles import ENTERPRISE, MADE_BY_COMMAND_ONLY
from gateway.identity.store import Client

# No colon: firms and roles are written to under names that have one, and no client may look like them.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LONGEST_NAME = 200


class ClientExists(Conflict):
    """There is such a client already."""


class TooManyKeys(Conflict):
    """The client has as many live keys as it may have."""


class Clients:
    """The register of clients. When a method returns, its change is stored and in force in this process."""

    def __init__(self, database: Database, pepper: bytes, authority: Authority | None = None) -> None:
        self._database = database
        self._pepper = pepper
        self._authority = authority

    def add(self, clients: Sequence[Client], *, by_command: bool = False) -> list[ApiKey]:
        """Add clients, all or none, and return a key for each: the only time that its text can be had."""
        _check(clients, by_command=by_command)
        minted = [keys.mint() for _ in clients]
        now = datetime.now(UTC)
        with self._database.begin() as session:
            known = store.existing(session, (client.id for client in clients))
            if known:
                raise ClientExists(
                    f"{len(known)} of the clients exist already ({', '.join(known[:5])}): nothing was added. "
                    "Leave them out, or give one a new key with POST /v1/clients/{id}/keys.",
                    clients=known[:100],
                )
            store.add_clients(session, clients, now)
            rows = zip(clients, minted, strict=True)
            store.add_keys(session, ((client.id, *self._row(key)) for client, key in rows), now)
            revision = store.advance(session)
        self._tell(revision)
        return minted

    def add_key(self, client_id: str) -> ApiKey:
        """Give a client its second key, for a rotation without a gap; raise `TooManyKeys` where it has two."""
        minted = keys.mint()
        with self._database.begin() as session:
            revision = store.advance(session)  # first: its row's lock lets nobody else count the live keys meanwhile
            client = store.live_client(session, client_id)
            if client is None:
                raise NotFound(f"There is no live client {client_id}.")
            if client.role in MADE_BY_COMMAND_ONLY:
                raise Invalid(
                    f"{client_id}: a {client.role} acts for other clients, so its key is changed on the machine "
                    "itself: python -m gateway.cli services.",
                    client=client_id,
                )
            live = store.live_keys_of(session, [client_id])[client_id]
            if len(live) >= keys.LIVE_KEYS:
                raise TooManyKeys(
                    f"{client_id} has {len(live)} live keys. Disable one first: DELETE /v1/clients/{client_id}/keys/"
                    f"{live[0]} ends the older.",
                    keys=live,
                )
            store.add_keys(session, [(client_id, *self._row(minted))], datetime.now(UTC))
        self._tell(revision)
        return minted

    def disable_key(self, client_id: str, key_id: str) -> None:
        """End a key: this process refuses it at once, every other process within a second."""
        with self._database.begin() as session:
            if not store.disable_key(session, client_id, key_id, datetime.now(UTC)):
                raise NotFound(f"{client_id} has no key {key_id}.")
            revision = store.advance(session)
        self._tell(revision)

    def disable(self, client_id: str) -> None:
        """End a client with all its keys and tokens."""
        with self._database.begin() as session:
            if not store.disable_client(session, client_id, datetime.now(UTC)):
                raise NotFound(f"There is no client {client_id}.")
            revision = store.advance(session)
        self._tell(revision)

    def rename(self, client_id: str, name: str) -> None:
        """Enter a client's name; a bank's products bear it from their next version on."""
        if not 0 < len(name.strip()) <= LONGEST_NAME:
            raise Invalid(f"A name has from 1 to {LONGEST_NAME} characters.", field="name")
        with self._database.begin() as session:
            if not store.rename(session, client_id, name.strip()):
                raise NotFound(f"There is no client {client_id}.")
            revision = store.advance(session)
        self._tell(revision)

    def page(self, cursor: str, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """Return up to `limit` clients behind `cursor` with their live keys' ids, and the cursor of the next page."""
        with self._database.read() as session:
            clients = store.clients_after(session, cursor, limit + 1)
            live = store.live_keys_of(session, [client.id for client in clients])
        items = [{**asdict(client), "keys": live[client.id]} for client in clients[:limit]]
        return items, clients[limit - 1].id if len(clients) > limit else None

    def _row(self, key: ApiKey) -> tuple[str, bytes]:
        return key.id, keys.digest(key.text, self._pepper)

    def _tell(self, revision: int) -> None:
        if self._authority:
            self._authority.changed(revision)


def _check(clients: Sequence[Client], *, by_command: bool) -> None:
    twice = [client_id for client_id, times in Counter(client.id for client in clients).items() if times > 1]
    if twice:
        raise Invalid(f"The list names {twice[0]} more than once.", clients=twice)
    for client in clients:
        if not ID.fullmatch(client.id):
            raise Invalid(
                f"{client.id[:64]!r}: a client's id is 1 to 64 letters, digits, dots, underscores and hyphens, and its "
                "first is a letter or digit. A colon marks addresses that are no client: a firm, a role.",
                client=client.id[:64],
            )
        if (client.role == ENTERPRISE) != bool(client.enterprise):
            raise Invalid(
                f"{client.id}: a client of role enterprise names its `enterprise`, and no other role does.",
                client=client.id,
            )
        if client.enterprise and not enterprise_id.FORM.fullmatch(client.enterprise):
            raise Invalid(
                f"{client.id}: write `enterprise` in full, uscc:<18 characters> or local:<code>; spelt otherwise, the "
                "client would own no file.",
                client=client.id,
            )
        if client.role in MADE_BY_COMMAND_ONLY and not by_command:
            raise Invalid(
                f"{client.id}: a {client.role} acts for other clients, so it is made on the machine itself: "
                f"python -m gateway.cli client {client.id} --role {client.role}.",
                client=client.id,
            )
