"""API keys: how one looks, how it is made, and what is stored of it."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field

SCHEME = "smc"
LIVE_KEYS = 2  # two at once, so that a client can rotate without a gap
ID_BYTES, SECRET_BYTES = 8, 24
FORM = re.compile(rf"{SCHEME}_(?P<id>[0-9a-f]{{{2 * ID_BYTES}}})_(?P<secret>[0-9a-f]{{{2 * SECRET_BYTES}}})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner holds it. `text` is secret: it is shown once and appears in no representation."""

    id: str
    text: str = field(repr=False)


def mint() -> ApiKey:
    """Return a new key with 192 random bits of secret."""
    key_id = secrets.token_hex(ID_BYTES)
    return ApiKey(key_id, f"{SCHEME}_{key_id}_{secrets.token_hex(SECRET_BYTES)}")


def parse(text: str) -> ApiKey | None:
    """Return the key that `text` spells, None where it is none."""
    match = FORM.fullmatch(text)
    return ApiKey(match["id"], text) if match else None


def digest(text: str, pepper: bytes) -> bytes:
    """Return what is stored of a key: HMAC-SHA256 (RFC 2104) of its text under the pepper, 32 bytes.

    A slow hash is for secrets that people choose; this one has 192 random bits. The pepper is not in the
    database, so that a copy of the tables lets nobody test a guess.
    """
    return hmac.digest(pepper, text.encode(), "sha256")


def matches(text: str, stored: bytes, pepper: bytes) -> bool:
    """Tell, in a time that does not depend on where they differ, whether `stored` was made from `text`."""
    return hmac.compare_digest(digest(text, pepper), stored)
