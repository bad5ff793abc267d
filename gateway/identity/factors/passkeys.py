"""Passkeys (W3C Web Authentication, level 2): what a browser is asked, and what its answer proves.

A challenge is no row: it holds its end and a digest under the pepper of whom it was made for, and is used up when it
comes back. So a page that is only looked at writes nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_attestation_object
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from chassis.data.database import Database
from gateway.identity.once import use_up
from gateway.signing_in import NotProven

NAME = "SME Credit 小微企业信用"
CHALLENGE_SECONDS = 300
NONCE, MAC = 16, 32
LONGEST_ANSWER = 20_000
ADD, PROVE = "add", "prove"
# With the conveyance `none` a browser hands on no statement, or one by the new key itself; the other forms hold chains
# of certificates, which nobody asked for.
FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)
# What the library meets in an answer that was never one of a browser.
UNREADABLE = (
    WebAuthnException,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    struct.error,
)
NO_PROOF = "The passkey's answer proves nothing here. Try again, and use the address at which you usually sign in."


@dataclass(frozen=True, slots=True)
class Site:
    """Where the portal stands: the origin that answers must name. It is a setting and never a request's Host."""

    origin: str

    @property
    def id(self) -> str:
        """The relying party's id, the name of the host."""
        return str(urlsplit(self.origin).hostname)


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential."""

    credential: bytes
    public_key: bytes
    sign_count: int


class CountWentBack(NotProven):
    """The authenticator has counted fewer uses than before: there may be two of it."""


def site_of(address: str | None) -> Site | None:
    """Return the site of a public address; None where browsers make no passkeys for it.

    Not for an IP address, no address, and by http not but for this machine itself.

    >>> site_of("https://credit.example:8443/portal/"), site_of("http://127.0.0.1:8000"), site_of("http://a.example")
    (Site(origin='https://credit.example:8443'), None, None)
    """
    split = urlsplit(address or "")
    if not split.hostname or (split.scheme == "http" and split.hostname != "localhost"):
        return None
    try:
        ipaddress.ip_address(split.hostname)
    except ValueError:
        return Site(f"{split.scheme}://{split.netloc}")
    return None


def new_challenge(pepper: bytes, purpose: str, holder: str, now: float) -> bytes:
    """Return a challenge that only this holder can answer, only for this purpose and for five minutes."""
    body = secrets.token_bytes(NONCE) + struct.pack(">Q", int(now) + CHALLENGE_SECONDS)
    return body + _mac(pepper, purpose, holder, body)


def take_challenge(database: Database, pepper: bytes, purpose: str, holder: str, answer: str, now: float) -> bytes:
    """Return the challenge that an answer names and use it up; raise `NotProven` where it is none of this holder's."""
    challenge = _challenge_in(answer)
    body, mac = challenge[:-MAC], challenge[-MAC:]
    right = len(body) == NONCE + 8 and hmac.compare_digest(mac, _mac(pepper, purpose, holder, body))
    until = float(struct.unpack(">Q", body[NONCE:])[0]) if right else 0.0
    if until <= now or not use_up(database, "passkey\n", holder, challenge.hex(), until=until, now=now):
        raise NotProven("This request for a passkey is too old or was answered before. Try again.")
    return challenge


def registration_options(site: Site, person: str, login: str, known: Sequence[bytes], challenge: bytes) -> str:
    """Return what a browser is asked in order to make a passkey, as JSON."""
    options = generate_registration_options(
        rp_id=site.id,
        rp_name=NAME,
        user_id=person.encode(),
        user_name=login,
        challenge=challenge,
        timeout=CHALLENGE_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
    )
    return options_to_json(options)


def authentication_options(site: Site, known: Sequence[bytes], challenge: bytes) -> str:
    """Return what a browser is asked in order to use a passkey, as JSON."""
    options = generate_authentication_options(
        rp_id=site.id,
        challenge=challenge,
        timeout=CHALLENGE_SECONDS * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def registered(site: Site, answer: str, challenge: bytes) -> Registered:
    """Return the credential that an answer brings; raise `NotProven`."""
    try:
        read = orjson.loads(answer)
        statement = parse_attestation_object(base64url_to_bytes(read["response"]["attestationObject"]))
        if statement.fmt not in FORMATS:
            raise NotProven(NO_PROOF)
        made = verify_registration_response(
            credential=read,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except UNREADABLE as error:
        raise NotProven(NO_PROOF) from error
    return Registered(made.credential_id, made.credential_public_key, made.sign_count)


def credential_of(answer: str) -> bytes:
    """Return the id of the credential that an answer is by; raise `NotProven` for what is no answer."""
    try:
        return base64url_to_bytes(_read(answer)["rawId"])
    except UNREADABLE as error:
        raise NotProven(NO_PROOF) from error


def asserted(site: Site, person: str, answer: str, challenge: bytes, public_key: bytes, sign_count: int) -> int:
    """Return the new count of an authenticator that signed; raise `NotProven`, `CountWentBack`.

    The count is looked at after the signature: before it, anybody could say one.
    """
    try:
        read = orjson.loads(answer)
        handle = read["response"].get("userHandle")
        shown = verify_authentication_response(
            credential=read,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        other = handle is not None and base64url_to_bytes(handle) != person.encode()
    except UNREADABLE as error:
        raise NotProven(NO_PROOF) from error
    if other:
        raise NotProven(NO_PROOF)
    if sign_count and shown.new_sign_count <= sign_count:
        raise CountWentBack("This passkey has counted fewer uses than before, so there may be a copy of it.")
    return shown.new_sign_count


def _mac(pepper: bytes, purpose: str, holder: str, body: bytes) -> bytes:
    return hmac.digest(pepper, f"passkey challenge\n{purpose}\n{holder}\n".encode() + body, "sha256")


def _challenge_in(answer: str) -> bytes:
    try:
        said: dict[str, Any] = orjson.loads(base64url_to_bytes(_read(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(said["challenge"])
    except UNREADABLE as error:
        raise NotProven(NO_PROOF) from error


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("longer than any browser's answer")
    read: dict[str, Any] = orjson.loads(answer)
    return read
