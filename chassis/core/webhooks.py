"""Webhooks by Standard Webhooks 1.0.0: signing, checking, and sending to an address that a client named.

The receiver gets `webhook-id` (the same at each attempt, so that it can drop repeats), `webhook-timestamp`,
`webhook-signature` (one for each secret that is in force, with spaces between) and, beyond the standard,
`webhook-sequence`: the message's number at this endpoint. We send where a stranger told us to: so only to public
addresses, looked at when the connection is made (a name may resolve to something else by then), never through a proxy,
and no redirect is followed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import pycurl

from chassis.core.errors import Invalid

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE = timedelta(minutes=5)
# Whole seconds of this age of the world, and nothing else that `int` reads.
STAMP = re.compile(r"[0-9]{1,11}")
PATIENCE_SECONDS = 15
MOST_ANSWER = 64 * 1024
LONGEST_URL = 1000
# What Python calls global and is not for strangers' messages: IPv6 that carries an IPv4 address (compatible, mapped,
# translated, NAT64, Teredo, 6to4), site-local addresses, and where clouds tell a machine its own secrets.
NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in (
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
        *("fec0::/10", "fd00:ec2::254/128", "fd20:ce::254/128", "100.100.100.200/32", "168.63.129.16/32"),
        *("192.0.0.192/32", "169.254.0.0/16"),
    )
)


class AddressRefused(Invalid):
    """Nothing is sent to such an address."""


class SignatureWrong(Exception):
    """The message is not from who holds the secret, or not from now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: the status answered, or why there was none."""

    status: int | None
    error: str | None = None

    @property
    def delivered(self) -> bool:
        """Tell whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def new_secret() -> str:
    """Return a fresh signing secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """Return the `webhook-signature` of a body sent at a time."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def sign_with_all(secrets_in_force: Sequence[str], message_id: str, at: datetime, body: bytes) -> str:
    """Return the `webhook-signature` while more than one secret is in force: a receiver takes any that it knows."""
    return " ".join(sign(each, message_id, at, body) for each in secrets_in_force)


def verify(secret: str, headers: dict[str, str], body: bytes, now: datetime) -> None:
    """Check what came as a receiver must; raises `SignatureWrong`. Several signatures may stand side by side."""
    said = [headers.get(name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")]
    if not isinstance(body, bytes) or not all(isinstance(each, str) and each for each in said):
        raise SignatureWrong("a header is missing, or what came is no body of bytes")
    message_id, stamp, given = cast("list[str]", said)
    if not (message_id.isascii() and message_id.isprintable()):
        raise SignatureWrong("the id of the message is none of ours")
    if not STAMP.fullmatch(stamp):
        raise SignatureWrong("the timestamp is no whole number of seconds")
    at = datetime.fromtimestamp(int(stamp), tz=now.tzinfo)
    if abs(now - at) > TOLERANCE:
        raise SignatureWrong("the message is older or newer than five minutes")
    right = sign(secret, message_id, at, body).encode()
    # As bytes: text that is not ASCII cannot be compared without telling by the time where it differs.
    if not any(hmac.compare_digest(one.encode("utf-8", "surrogatepass"), right) for one in given.split(" ")):
        raise SignatureWrong("no signature fits")


def check_address(url: str, *, private: bool) -> str:
    """Return a URL that may be sent to; raise `AddressRefused`.

    `private` is for development only: it lets http and addresses of one's own machine pass.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused(f"An address has at most {LONGEST_URL} ASCII characters and no spaces.", field="url")
    parts = _parts(url)
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise AddressRefused("Webhooks are sent over https only.", field="url")
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise AddressRefused("An address names a host, and neither a user nor a fragment.", field="url")
    if not private and not _public(parts.hostname):
        raise AddressRefused("Webhooks are sent to public addresses only.", field="url")
    return url


def _parts(url: str) -> SplitResult:
    """Return the parts of a URL whose host can be one, at a port that there is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), 0
    if port == 0:
        raise AddressRefused("The address has no readable host and port (1 to 65535).", field="url")
    return parts


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: the body under its id, with its number at the endpoint."""

    id: str
    sequence: int
    body: bytes


def send(url: str, secrets_in_force: Sequence[str], letter: Letter, at: datetime, *, private: bool) -> Outcome:
    """POST a signed body once and return what came of it; never raises for what the other side does."""
    handle = pycurl.Curl()
    received = bytearray()

    def keep(piece: bytes) -> int:
        received.extend(piece[: MOST_ANSWER - len(received)])
        return len(piece) if len(received) < MOST_ANSWER else 0

    headers = [
        "Content-Type: application/json",
        "User-Agent: smecredit-webhooks",
        f"webhook-id: {letter.id}",
        f"webhook-timestamp: {int(at.timestamp())}",
        f"webhook-signature: {sign_with_all(secrets_in_force, letter.id, at, letter.body)}",
        f"webhook-sequence: {letter.sequence}",
        "Expect:",
    ]
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.POST, 1)
    handle.setopt(pycurl.POSTFIELDSIZE, len(letter.body))
    handle.setopt(pycurl.POSTFIELDS, letter.body)
    handle.setopt(pycurl.HTTPHEADER, headers)
    handle.setopt(pycurl.WRITEFUNCTION, keep)
    handle.setopt(pycurl.FOLLOWLOCATION, 0)
    handle.setopt(pycurl.NOPROXY, "*")
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.TIMEOUT, PATIENCE_SECONDS)
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS | (pycurl.PROTO_HTTP if private else 0))
    if not private:
        handle.setopt(pycurl.OPENSOCKETFUNCTION, _open_public)
    try:
        handle.perform()
        return Outcome(handle.getinfo(pycurl.RESPONSE_CODE))
    except pycurl.error as error:
        return Outcome(None, _named(error.args[0]))
    finally:
        handle.close()


def _open_public(_purpose: int, address: Any) -> socket.socket | int:
    """Open the socket that libcurl asks for, unless the address that the name resolved to is not public."""
    host = address.addr[0]
    if not _public(host.decode() if isinstance(host, bytes) else host):
        return int(pycurl.SOCKET_BAD)
    return socket.socket(address.family, address.socktype, address.protocol)


def _public(host: str) -> bool:
    """Tell whether a literal address is one of the public internet; a name is looked at when it is resolved."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.rstrip(".").lower() != "localhost"
    return address.is_global and not address.is_multicast and not any(address in each for each in NOT_PUBLIC)


def _named(code: int) -> str:
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return "no answer in time"
    if code == pycurl.E_WRITE_ERROR:
        return "the answer is too long"
    if code in {pycurl.E_COULDNT_CONNECT, pycurl.E_COULDNT_RESOLVE_HOST}:
        return "no connection"
    return "the connection failed"
