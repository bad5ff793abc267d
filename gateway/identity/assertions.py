"""`private_key_jwt` (RFC 7523, OpenID Connect Core section 9): a client signs for itself and shares no secret."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import extract_compact
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from chassis.data.database import Database
from gateway.identity import store
from gateway.identity.claims import is_text, seconds
from gateway.identity.once import use_up
from gateway.identity.store import Client
from gateway.identity.tables import ClientRow, PublicKeyRow

ALGORITHMS = ["ES256"]
LONGEST_SECONDS = 300  # an assertion made for one request has no use after that
LIVE_KEYS = 2  # as of API keys: two at once, so that a client can rotate without a gap


class TooManyPublicKeys(Conflict):
    """The client has as many live public keys as it may have."""


class PublicKeyExists(Conflict):
    """This public key is registered already."""


@dataclass(frozen=True, slots=True)
class SignedBy:
    """The client that signed an assertion, and the id of the key that proves it."""

    client: Client
    key: str


def register(database: Database, client_id: str, pem: str) -> str:
    """Register a client's public key (PEM, P-256) and return its id; raise for a third one or a private key."""
    key = _public(pem)
    key_id = key.thumbprint()
    with database.begin() as session:
        store.advance(session)  # first: its row's lock lets nobody else count the live keys meanwhile
        if store.live_client(session, client_id) is None:
            raise NotFound(f"There is no live client {client_id}.")
        if session.get(PublicKeyRow, key_id) is not None:
            raise PublicKeyExists("This public key has been registered before. Make a fresh pair of keys.")
        live = session.scalar(
            select(func.count()).where(PublicKeyRow.client == client_id, PublicKeyRow.disabled_at.is_(None))
        )
        if (live or 0) >= LIVE_KEYS:
            raise TooManyPublicKeys(
                f"{client_id} has {LIVE_KEYS} live public keys. End one first: python -m gateway.cli public-key end."
            )
        row = {"id": key_id, "client": client_id, "pem": key.as_pem(private=False).decode()}
        session.execute(insert(PublicKeyRow), [{**row, "created_at": datetime.now(UTC)}])
    return key_id


def end(database: Database, client_id: str, key_id: str) -> None:
    """End a public key, with every token that came from it, in every process within a second."""
    with database.begin() as session:
        row = session.get(PublicKeyRow, key_id)
        if row is None or row.client != client_id:
            raise NotFound(f"{client_id} has no public key {key_id}.")
        row.disabled_at = row.disabled_at or datetime.now(UTC)
        session.flush()
        store.advance(session)


def signer_of(session: Session, key_id: str) -> Client | None:
    """Return the live client of a live public key."""
    row = session.execute(
        select(ClientRow)
        .join(PublicKeyRow, PublicKeyRow.client == ClientRow.id)
        .where(PublicKeyRow.id == key_id, PublicKeyRow.disabled_at.is_(None), ClientRow.disabled_at.is_(None))
    ).scalar_one_or_none()
    return store.client_of_row(row) if row else None


def check(database: Database, assertion: str, audiences: Collection[str], now: float) -> SignedBy:
    """Return who signed the assertion and use it up; raise `Unauthenticated` where it proves nothing.

    `audiences` are what it may be for: this token endpoint, or its issuer, as FAPI 2.0 has it.
    """
    client_id = _issuer(assertion)
    with database.read() as session:
        live_keys = session.execute(
            select(PublicKeyRow.id, PublicKeyRow.pem).where(
                PublicKeyRow.client == client_id, PublicKeyRow.disabled_at.is_(None)
            )
        ).all()
        client = store.live_client(session, client_id)
    for key_id, pem in live_keys:
        claims = _verified(assertion, pem)
        if claims is not None and client is not None:
            _refuse_unfit(claims, client_id, audiences, now)
            if not use_up(database, "", client_id, claims["jti"], until=float(claims["exp"]), now=now):
                raise _refusal("its `jti` was used before")
            return SignedBy(client, key_id)
    raise _refusal("no live key of this client signed it")


def _refuse_unfit(claims: dict[str, Any], client_id: str, audiences: Collection[str], now: float) -> None:
    named = claims.get("aud")
    expires, begins = seconds(claims.get("exp")), seconds(claims.get("nbf", now))
    faults = {
        "`sub` is not its `iss`": claims.get("sub") != client_id,
        f"`aud` is not {' or '.join(audiences)}": not any(each in audiences for each in _listed(named)),
        f"`exp` is missing, past, or more than {LONGEST_SECONDS} s ahead": not now < expires <= now + LONGEST_SECONDS,
        "`nbf` is no time or ahead": not begins <= now,
        "`jti` is missing, too long or no text": not is_text(claims.get("jti")),
    }
    for fault, present in faults.items():
        if present:
            raise _refusal(fault)


def _listed(audience: object) -> list[object]:
    return audience if isinstance(audience, list) else [audience]


def _verified(assertion: str, pem: str) -> dict[str, Any] | None:
    try:
        return jwt.decode(assertion, ECKey.import_key(pem), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, RecursionError):
        return None


def _issuer(assertion: str) -> str:
    """Return the issuer that the assertion names; its signature is not checked yet."""
    try:
        issuer = orjson.loads(extract_compact(assertion.encode()).payload)["iss"]
    except (JoseError, ValueError, KeyError, TypeError):
        raise _refusal("it cannot be read") from None
    if not is_text(issuer):
        raise _refusal("its `iss` is no client")
    return issuer


def _public(pem: str) -> ECKey:
    try:
        key = ECKey.import_key(pem)
    except (JoseError, ValueError):
        key = None
    if key is None or key.curve_name != "P-256":
        raise Invalid("This is no public key for ES256. Make one: openssl ecparam -name prime256v1 -genkey -noout.")
    if key.is_private:
        raise Invalid("This is a private key: keep it, and make a new pair, since it has been shown. Send public ones.")
    return key


def _refusal(fault: str) -> Unauthenticated:
    return Unauthenticated(f"The client assertion is refused: {fault}. Sign a fresh one with a registered key.")
