"""Who is asking: every service verifies the token itself and trusts no header."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
import structlog
import urllib3
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.core.errors import Unauthenticated, UpstreamUnavailable

ISSUER = AUDIENCE = "smecredit"
ALGORITHMS = ["ES256"]
ROLES = ("bank", "enterprise", "platform", "buyer", "source", "operator", "service")
KEYS_LIVE_SECONDS, KEYS_WAIT_SECONDS = 300, 2
REMEMBERED_TOKENS = 4096

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """The client that a request speaks for; `actor` is the service that acts for it in a job, if any.

    Where a person signed in, `sid` names the session and `per` the person: pseudonyms, which a consent may keep as
    the grantor's signature. A program with a key or a client assertion has neither.
    """

    client: str
    role: str
    scopes: frozenset[str]
    enterprise: str | None = None
    actor: str | None = None
    sid: str | None = None
    per: str | None = None
    # A bank's name by the register of clients, which is the name that its products bear.
    name: str | None = None

    def owns(self, enterprise: str) -> bool:
        """Tell whether the caller is this very enterprise."""
        return self.role == "enterprise" and self.enterprise == enterprise


class Verifier:
    """Verifies ES256 tokens with the keys that the gateway publishes.

    Keys are fetched beside the requests, never by one: while the gateway's threads all wait for this service, a fetch
    that this service waits for would wait for them. Old keys serve until new ones are here. A verified token is
    remembered until it expires, since checking a signature costs more than the rest of a request's overhead.
    """

    # By which schemes of `Authorization` a token may come.
    schemes: ClassVar[frozenset[str]] = frozenset({"bearer"})

    def __init__(
        self,
        jwks_url: str | None = None,
        *,
        keys: KeySet | None = None,
        audiences: Iterable[str] = (),
        bound: bool = False,
    ) -> None:
        """Take tokens that are for the whole suite or for one of `audiences`: a service gives its own name.

        Tokens that are bound to a key (RFC 9449) are taken with `bound` only: by whoever asks for the proof.
        """
        self._bound = bound
        self._audiences = [AUDIENCE, *audiences]
        self._url = jwks_url
        self._keys = keys
        self._fetched = float("-inf")
        self._fetching = threading.Lock()
        self._seen: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(5), retries=False)

    def check(self) -> None:
        """Raise where no keys are known yet: a readiness check."""
        if self._keys is None:
            self._refresh(wait=True)
        if self._keys is None:
            raise UpstreamUnavailable("The gateway's public keys cannot be read; is the gateway up?")

    def verify(self, token: str) -> Caller:
        """Return who the token speaks for; raise `Unauthenticated` where it proves nothing."""
        known = self._seen.get(token)
        if known and known[0] > time.time():
            return known[1]
        claims = self._claims(token)
        caller = _caller(claims)
        self._remember(token, float(claims["exp"]), caller)
        return caller

    def _claims(self, token: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "values": self._audiences},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            decoded = jwt.decode(token, self._key_set(token), algorithms=ALGORITHMS)
            registry.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated(
                "The token is not valid or has expired; ask POST /oauth/token for a new one.",
                reason=type(error).__name__,
            ) from None
        if "cnf" in decoded.claims and not self._bound:
            raise Unauthenticated("The token is bound to a key: send it to the gateway, with a proof (DPoP).")
        return decoded.claims

    def _key_set(self, token: str) -> KeySet:
        if not self._knows(token):
            self._refresh(wait=True)
        elif time.monotonic() - self._fetched > KEYS_LIVE_SECONDS:
            self._refresh(wait=False)
        if self._keys is None:
            raise UpstreamUnavailable(
                "The gateway's public keys cannot be read; is the gateway up?", retry_after=KEYS_WAIT_SECONDS
            )
        return self._keys

    def _knows(self, token: str) -> bool:
        kid = _header(token).get("kid")
        return self._keys is not None and (self._url is None or any(key.kid == kid for key in self._keys.keys))

    def _refresh(self, *, wait: bool) -> None:
        """Fetch the keys in a thread of its own, one at a time; wait for it a little where told to."""
        # A burst of tokens with made-up key ids must not become a burst of requests.
        if self._url is None or (self._keys is not None and time.monotonic() - self._fetched < 1):
            return
        if self._fetching.acquire(blocking=False):
            threading.Thread(target=self._fetch, args=(self._url,), daemon=True).start()
        if wait and self._fetching.acquire(timeout=KEYS_WAIT_SECONDS):
            self._fetching.release()

    def _fetch(self, url: str) -> None:
        try:
            answer = self._http.request("GET", url)
            self._keys = KeySet.import_key_set(orjson.loads(answer.data))
            self._fetched = time.monotonic()
        except (urllib3.exceptions.HTTPError, orjson.JSONDecodeError, KeyError, ValueError, JoseError) as error:
            log.warning("keys-not-read", error=type(error).__name__)
        finally:
            self._fetching.release()

    def _remember(self, token: str, expires: float, caller: Caller) -> None:
        self._seen[token] = (expires, caller)
        while len(self._seen) > REMEMBERED_TOKENS:
            self._seen.popitem(last=False)


def _caller(claims: dict[str, Any]) -> Caller:
    if claims.get("role") not in ROLES:
        raise Unauthenticated("The token names no known role.")
    return Caller(
        client=claims["sub"],
        role=claims["role"],
        scopes=frozenset(claims.get("scope", "").split()),
        enterprise=claims.get("ent"),
        actor=claims.get("act"),
        sid=claims.get("sid"),
        per=claims.get("per"),
        name=claims.get("name"),
    )


def _header(token: str) -> dict[str, Any]:
    from joserfc.jws import extract_compact  # noqa: PLC0415 -- only where a key id is unknown

    try:
        return extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        return {}
