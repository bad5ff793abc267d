"""Who may pass: API keys and tokens are turned into a pass that the services accept, and revoked at once."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc.util import urlsafe_b64decode
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from chassis.core.errors import Unauthenticated, UpstreamUnavailable
from chassis.core.identity import AUDIENCE, Caller, Verifier
from chassis.data.database import Database
from gateway.identity import assertions, key_sessions, keys, proofs, sessions, store
from gateway.identity.assertions import SignedBy
from gateway.identity.proofs import BoundToken
from gateway.identity.roles import AUDIENCES, DEFAULT_SCOPES, PUBLISHERS
from gateway.identity.store import Client, StoredKey
from gateway.identity.tokens import LIFE_SECONDS, Signer

# A pass is renewed a minute before its token ends, so that no token ends on its way to a service.
PASS_SECONDS = LIFE_SECONDS - 60
# Another process learns of a revocation within a second: asked twice a second, never older than one.
ASK_EVERY, NEVER_OLDER = 0.5, 0.9
REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Pass:
    """A caller whom we know, the key it came by, and the token that says so to the services.

    `bound` is the thumbprint of the key that has to be proved with each request, None where there is none.
    """

    caller: Caller
    key: str
    authorization: str
    until: float
    revision: int
    audience: str = AUDIENCE
    bound: str | None = None


class Authority:
    """Knows clients by their keys. What it remembers holds until the revision of clients and keys moves on."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        pepper: bytes,
        clock: Callable[[], float] = time.time,
        required: Collection[str] = (),
    ) -> None:
        """Let in no session of a person of the roles `required` that was opened without a second factor."""
        self._database = database
        self._pepper = pepper
        self._mark_key = hmac.digest(pepper, b"mark", "sha256")
        self._clock = clock
        self._required = frozenset(required)
        self._verifier = Verifier(keys=signer.key_set(), audiences=AUDIENCES, bound=True)
        # By a credential's mark, or by ("session", id): no credential can spell a session's pass.
        self._passes: dict[bytes | tuple[str, str], Pass] = {}
        self._revision = 0
        self._asked = float("-inf")
        self._asking = threading.Lock()
        self.signer = signer

    def remembered(self, credential: str) -> Pass | None:
        """Return the pass of a credential seen before; no database, no signature.

        Passes are kept by the digest under the pepper: the look-up's time tells nothing about a key.
        """
        return self._holding(self._mark(credential))

    def admit(self, credential: str) -> Pass:
        """Return the pass for an API key or one of our tokens; raise `Unauthenticated` where it opens nothing."""
        self._keep_up()
        seen_at = self._revision
        made = self._by_key(credential, seen_at) if credential.startswith(keys.SCHEME + "_") else None
        made = made or self._by_token(credential, seen_at)
        return self._remember(self._mark(credential), made)

    def client_of(self, text: str) -> StoredKey:
        """Return the live key that `text` spells, with its client; raise `Unauthenticated` for any other."""
        key = keys.parse(text)
        with self._read() as session:
            stored = store.live_key(session, key.id) if key else None
        # An unknown id costs the same comparison as a wrong secret.
        right = keys.matches(text, stored.digest if stored else bytes(32), self._pepper)
        if stored is None or not right:
            raise Unauthenticated(
                "This API key is unknown, or it has been disabled. Use a live key, or ask the operator for a new one."
            )
        return stored

    def pass_of_session(self, session_id: str) -> Pass:
        """Return a pass for a session that a key opened; raise `Unauthenticated` where it or the key has ended."""
        known = self._holding(("session", session_id))
        if known:
            return known
        seen_at = self._revision
        with self._read() as session:
            here = key_sessions.live(session, session_id, datetime.now(UTC))
        if here is None:
            raise Unauthenticated("The session, or the key that opened it, has ended. Sign in with a live key.")
        issued = self._issue(caller_of(here.key.client), here.key.id, seen_at)
        return self._remember(("session", session_id), _ending(issued, here.expires))

    def pass_of_person(self, session_id: str) -> Pass:
        """Return a pass for a person's session; raise `Unauthenticated` where it has ended."""
        known = self._holding(("session", session_id))
        if known:
            return known
        seen_at = self._revision
        with self._read() as session:
            here = sessions.live_session(session, session_id, datetime.now(UTC), self._required)
        if here is None:
            raise Unauthenticated("The session has ended. Sign in again.")
        caller = replace(caller_of(here.client), sid=here.session, per=here.person)
        issued = self._issue(caller, here.session, seen_at, here.factor)
        return self._remember(("session", session_id), _ending(issued, here.expires))

    def signed_by(self, assertion: str, audiences: Collection[str], now: float) -> SignedBy:
        """Return the client that signed an assertion for one of these; it is used up by that."""
        return assertions.check(self._database, assertion, audiences, now)

    def proved_by(self, proof: str, request: proofs.Request, token: BoundToken | None = None) -> str:
        """Return the thumbprint of the key that made a proof for this request; it is used up by that."""
        return proofs.check(self._database, proof, request, token)

    def live_client(self, client_id: str) -> Client | None:
        """Return a client that is not disabled."""
        with self._read() as session:
            return store.live_client(session, client_id)

    def changed(self, revision: int) -> None:
        """Take note of a change made in this process: what was remembered before it no longer counts."""
        self._revision = max(self._revision, revision)

    def _by_key(self, credential: str, revision: int) -> Pass:
        stored = self.client_of(credential)
        return self._issue(caller_of(stored.client), stored.id, revision)

    def _by_token(self, token: str, revision: int) -> Pass:
        caller = self._verifier.verify(token)
        claims = _claims(token)
        key_id = str(claims.get("jti", "")).partition(".")[0]
        with self._read() as session:
            key = store.live_key(session, key_id)
            holder = key.client if key else assertions.signer_of(session, key_id)
            issued_to = caller.actor or caller.client
            lives = holder is not None and holder.id == issued_to and store.live_client(session, caller.client)
        if not lives:
            raise Unauthenticated("The key that this token came from has been disabled. Use a live key.")
        bound = claims.get("cnf", {}).get("jkt")
        # What is bound to a key opens nothing without a proof, at no service either: these get a token of our own.
        onward = token if bound is None else self.signer.issue(caller, key_id, self._clock(), claims["aud"])
        return Pass(caller, key_id, f"Bearer {onward}", float(claims["exp"]), revision, claims["aud"], bound)

    def _issue(self, caller: Caller, key_id: str, revision: int, factor: str | None = None) -> Pass:
        now = self._clock()
        token = self.signer.issue(caller, key_id, now, factor=factor)
        return Pass(caller, key_id, f"Bearer {token}", now + PASS_SECONDS, revision)

    def _holding(self, name: bytes | tuple[str, str]) -> Pass | None:
        """Return what is remembered under a name, as long as it holds."""
        self._keep_up()
        known = self._passes.get(name)
        return known if known and known.revision == self._revision and known.until > self._clock() else None

    def _remember(self, name: bytes | tuple[str, str], made: Pass) -> Pass:
        if len(self._passes) >= REMEMBERED:
            self._passes.clear()
        self._passes[name] = made
        return made

    def _mark(self, credential: str) -> bytes:
        # Never leaves this process. OpenSSL's HMAC, looked up anew at every call, was 2.6 % of the gateway's time under
        # load; keyed BLAKE2b (RFC 7693) is in the interpreter.
        return hashlib.blake2b(credential.encode(), key=self._mark_key, digest_size=32).digest()

    def _keep_up(self) -> None:
        """Ask the database for the revision, one thread at a time; the others use the last answer while it is fresh."""
        age = time.monotonic() - self._asked
        if age < ASK_EVERY or not self._asking.acquire(blocking=age > NEVER_OLDER):
            return
        try:
            now = time.monotonic()
            if now - self._asked >= ASK_EVERY:
                with self._read() as session:
                    self.changed(store.revision(session))
                self._asked = now
        finally:
            self._asking.release()

    def _read(self) -> _Reading:
        return _Reading(self._database)


class _Reading:
    """A reading session; when the database fails, the service is unavailable, and the caller is not called unknown."""

    def __init__(self, database: Database) -> None:
        self._context = database.read()

    def __enter__(self) -> Session:
        return self._context.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._context.__exit__(kind, error, trace)
        if isinstance(error, SQLAlchemyError):
            raise UpstreamUnavailable(
                "The gateway's own database does not answer, so no key can be checked. Try again in a few seconds; "
                "operator: see GET /readyz."
            ) from error


def caller_of(client: Client) -> Caller:
    """Return what a client may do by its role; who publishes products with its name, which they bear."""
    name = client.name if client.role in PUBLISHERS else None
    return Caller(client.id, client.role, DEFAULT_SCOPES[client.role], client.enterprise, name=name)


def _ending(issued: Pass, expires: datetime) -> Pass:
    """Return a pass that ends with its session, at the latest."""
    return replace(issued, until=min(issued.until, expires.timestamp()))


def _claims(verified_token: str) -> dict[str, Any]:
    payload = verified_token.split(".")[1]
    claims: dict[str, Any] = orjson.loads(urlsafe_b64decode(payload.encode()))
    return claims
