"""Passwords of people: argon2id (RFC 9106) with the parameters that OWASP asks for."""

from __future__ import annotations

import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.core.errors import Invalid

# OWASP Password Storage Cheat Sheet: m = 19 MiB, t = 2, p = 1.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# NIST SP 800-63B: length counts, composition rules do not; the upper bound keeps a hash cheap to refuse.
SHORTEST, LONGEST = 12, 128
# Each check takes 19 MiB: a burst of guesses must not take the memory of the whole process.
AT_ONCE = threading.BoundedSemaphore(4)
# What an unknown login is compared with, so that it costs the same as a known one.
NOBODY = HASHER.hash(secrets.token_hex(16))


def digest(password: str, login: str) -> str:
    """Return what is stored of a new password; raise `Invalid` for one that is easily guessed."""
    plain = _plain(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters; a sentence is a good one.")
    if login.casefold() in plain.casefold() or len(set(plain)) < SHORTEST // 2:
        raise Invalid("The password holds the login name or few different characters. Choose another.")
    with AT_ONCE:
        return HASHER.hash(plain)


def matches(password: str, stored: str | None) -> bool:
    """Tell whether `stored` was made from the password; as slow for an account that has none."""
    plain = _plain(password[: LONGEST * 4])
    try:
        with AT_ONCE:
            right = HASHER.verify(stored or NOBODY, plain)
    except (VerificationError, InvalidHashError):
        return False
    return right and stored is not None


def _plain(password: str) -> str:
    """Return one spelling of what was typed: keyboards differ in how they send the same character."""
    return unicodedata.normalize("NFKC", password)
