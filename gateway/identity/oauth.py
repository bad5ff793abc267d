"""The token endpoint (RFC 6749 section 4.4): a client with an API key gets a short-lived token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from chassis.core.errors import Unauthenticated
from chassis.core.identity import AUDIENCE, Caller
from gateway.identity.authority import Authority, caller_of
from gateway.identity.roles import ACTING_SCOPES, AUDIENCES, CLIENT_ASSERTION, SERVICE
from gateway.identity.store import Client
from gateway.identity.tokens import LIFE_SECONDS

GRANT = "client_credentials"


class OAuthError(Exception):
    """A refusal in the words of RFC 6749 section 5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client says it is; the secret is one of its API keys."""

    client: str | None
    secret: str


def credentials(authorization: str, form: Mapping[str, str]) -> Credentials:
    """Read client id and secret from HTTP Basic, from the form, or an API key alone from a bearer header."""
    scheme, _, value = authorization.partition(" ")
    if authorization and form.get("client_secret"):
        raise OAuthError("invalid_request", "Send the client's secret once: in the header or in the form.")
    match scheme.lower():
        case "basic":
            return _basic(value)
        case "bearer":
            return Credentials(None, value)
        case _ if form.get("client_secret"):
            return Credentials(form.get("client_id"), form["client_secret"])
    raise OAuthError("invalid_client", "Send the client id and one of its API keys as the secret, by HTTP Basic.", 401)


@dataclass(frozen=True, slots=True)
class Proven:
    """A client that proved who it is, and the id of the key (API key or public key) that proved it."""

    client: Client
    id: str


def grant(
    authority: Authority, known: Proven, form: Mapping[str, str], now: float, bound: str | None = None
) -> dict[str, Any]:
    """Return the token answer of RFC 6749 section 5.1; raise `OAuthError` where no token is due.

    `bound` is the thumbprint of the key that the token is bound to (RFC 9449 section 5).
    """
    if form.get("grant_type") != GRANT:
        raise OAuthError("unsupported_grant_type", f"grant_type must be {GRANT}.")
    subject = form.get("subject")
    caller = _acting(authority, known, subject) if subject else caller_of(known.client)
    caller = _narrowed(caller, form.get("scope"))
    return {
        "access_token": authority.signer.issue(caller, known.id, now, _audience(form.get("audience")), bound),
        "token_type": "Bearer" if bound is None else "DPoP",
        "expires_in": LIFE_SECONDS,
        "scope": " ".join(sorted(caller.scopes)),
    }


def authenticate(
    authority: Authority, authorization: str, form: Mapping[str, str], audiences: Collection[str], now: float
) -> Proven:
    """Return the client that proves itself by an assertion or by a secret; raise `OAuthError` for any other."""
    if "client_assertion" not in form and "client_assertion_type" not in form:
        return _by_secret(authority, credentials(authorization, form))
    if authorization or "client_secret" in form:
        raise OAuthError("invalid_request", "Prove the client in one way: by an assertion or by a secret.")
    if form.get("client_assertion_type") != CLIENT_ASSERTION:
        raise OAuthError("invalid_client", f"client_assertion_type must be {CLIENT_ASSERTION}.", 401)
    try:
        signed = authority.signed_by(form.get("client_assertion", ""), audiences, now)
    except Unauthenticated as refusal:
        raise OAuthError("invalid_client", refusal.detail, 401) from None
    if form.get("client_id", signed.client.id) != signed.client.id:
        raise OAuthError("invalid_client", "client_id is not the client that signed the assertion.", 401)
    return Proven(signed.client, signed.key)


def _by_secret(authority: Authority, given: Credentials) -> Proven:
    try:
        key = authority.client_of(given.secret)
    except Unauthenticated as refusal:
        raise OAuthError("invalid_client", refusal.detail, 401) from None
    if given.client is not None and given.client != key.client.id:
        raise OAuthError("invalid_client", "This key is not a key of that client.", 401)
    return Proven(key.client, key.id)


def _acting(authority: Authority, known: Proven, subject: str) -> Caller:
    if known.client.role != SERVICE:
        raise OAuthError("unauthorized_client", "Only a service may act for another client; leave subject out.")
    client = authority.live_client(subject)
    if client is None:
        raise OAuthError("invalid_request", "The subject is no live client, so nobody can act for it.")
    caller = caller_of(client)
    return replace(caller, scopes=caller.scopes & ACTING_SCOPES, actor=known.client.id)


def _audience(wanted: str | None) -> str:
    if not wanted or wanted == AUDIENCE:
        return AUDIENCE
    if wanted not in AUDIENCES:
        raise OAuthError("invalid_target", f"audience is one of {', '.join(AUDIENCES)}, or left out for all of them.")
    return wanted


def _narrowed(caller: Caller, wanted: str | None) -> Caller:
    if not wanted:
        return caller
    scopes = frozenset(wanted.split())
    beyond = sorted(scopes - caller.scopes)
    if beyond:
        raise OAuthError("invalid_scope", f"The client may not have: {' '.join(beyond)}.")
    return replace(caller, scopes=scopes)


def _basic(value: str) -> Credentials:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "The Basic credentials cannot be read.", 401) from None
    client, _, secret = text.partition(":")
    return Credentials(unquote_plus(client), unquote_plus(secret))
