"""DPoP (RFC 9449): a token bound to a key opens nothing without a fresh proof that its holder has that key."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import extract_compact

from chassis.core.errors import Unauthenticated
from chassis.data.database import Database
from gateway.identity.claims import is_text, seconds
from gateway.identity.once import use_up

TYPE, ALGORITHMS = "dpop+jwt", ["ES256"]
# A proof is made for one request: so old it may be, and so far ahead the sender's clock.
PAST_SECONDS, AHEAD_SECONDS = 60, 5
PROOF_LENGTH = 4096
PORTS = {"http": 80, "https": 443}


class ProofRefused(Unauthenticated):
    """A proof is missing, or proves nothing for this request."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a proof has to speak of: the method and the address without its query, and when the request came.

    The address is written as in a URL, with its escapes.
    """

    method: str
    address: str
    at: float


@dataclass(frozen=True, slots=True)
class BoundToken:
    """A token that a request comes with, and the thumbprint of the key that it is bound to."""

    text: str
    thumbprint: str


def check(database: Database, proof: str, request: Request, token: BoundToken | None = None) -> str:
    """Return the thumbprint (RFC 7638) of the key that made the proof, and use the proof up.

    At the token endpoint there is no token yet. Raises `ProofRefused`; what is refused for what it says or for its key
    costs no access to the database.
    """
    key, claims = _signed(proof)
    for fault, present in _faults(claims, request, token).items():
        if present:
            raise _refusal(fault)
    thumbprint = key.thumbprint()
    if token is not None and thumbprint != token.thumbprint:
        raise _refusal("it is by another key than the one that the token is bound to")
    until = request.at + PAST_SECONDS + AHEAD_SECONDS
    if not use_up(database, "dpop\n", thumbprint, claims["jti"], until=until, now=request.at):
        raise _refusal("its `jti` was used before")
    return thumbprint


def _signed(proof: str) -> tuple[ECKey, dict[str, Any]]:
    """Return the key in the proof's own head, and what the proof says where this key signed it."""
    if len(proof) > PROOF_LENGTH:
        raise _refusal("it is too long")
    try:
        head = extract_compact(proof.encode()).headers()
        given = head["jwk"]
        if head.get("typ") != TYPE or "d" in given:
            raise _refusal(f"its `typ` is not {TYPE}, or its `jwk` is a private key")
        key = ECKey.import_key({name: given[name] for name in ("kty", "crv", "x", "y")})
        if key.curve_name != "P-256":
            raise _refusal("its key is not one for ES256")
        return key, jwt.decode(proof, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _refusal("it cannot be read, or its own key did not sign it") from None


def _faults(claims: dict[str, Any], request: Request, token: BoundToken | None) -> dict[str, bool]:
    age = request.at - seconds(claims.get("iat"))
    hashed = "" if token is None else _base64(hashlib.sha256(token.text.encode()).digest())
    return {
        f"`htm` is not {request.method}": claims.get("htm") != request.method,
        f"`htu` is not {request.address}": _plain(claims.get("htu")) != _plain(request.address),
        f"`iat` is no time between {PAST_SECONDS} s ago and now": not -AHEAD_SECONDS <= age <= PAST_SECONDS,
        "`jti` is missing, too long or no text": not is_text(claims.get("jti")),
        "`ath` is not the SHA-256 of the token": token is not None and not _same(claims.get("ath"), hashed),
    }


def _plain(address: object) -> tuple[str, str, int | None, bytes] | None:
    """Return scheme, host, port and path of an address: query and fragment do not count (RFC 9449 section 4.3).

    Escapes of the path are read once, after it was cut off: who writes `:` as `%3A` means the same path (RFC 3986
    section 6.2.2.2), and who writes `%2541` means another one than `%41`.
    """
    if not isinstance(address, str):
        return None
    try:
        parts = urlsplit(address)
        path = unquote_to_bytes(parts.path or "/")
        return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme), path
    except ValueError:
        return None


def _same(said: object, wanted: str) -> bool:
    return isinstance(said, str) and said.isascii() and hmac.compare_digest(said, wanted)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _refusal(fault: str) -> ProofRefused:
    return ProofRefused(f"The proof (DPoP) is refused: {fault}. Sign a fresh one for each request.")
