"""Codes by the time (TOTP, RFC 6238): six digits of HMAC-SHA-1, new every thirty seconds, as every app makes them."""

from __future__ import annotations

import re
import unicodedata

import pyotp
from pyotp.exceptions import OTPVerificationError

# A clock may be a step early or late: RFC 6238 section 5.2 advises one step of the network's delay and no more.
WINDOW = 1
CODE = re.compile(r"[0-9]{6}")
ISSUER = "smecredit"


def new_secret() -> str:
    """Return a fresh secret of 160 bits in base32 (RFC 4226 section 4, R6)."""
    return pyotp.random_base32()


def address(secret: str, login: str) -> str:
    """Return what apps read from a picture.

    >>> address("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "officer.li")
    'otpauth://totp/smecredit:officer.li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=smecredit'
    """
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, typed: str, now: float) -> int | None:
    """Return the step of time (of 30 s, since 1970) whose code was typed, None for what is no code of these minutes.

    Digits of full width and spaces between them are as good. Whoever takes a code uses its step up: no step up to that
    one is taken again.

    >>> step_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "２８７ ０８２", 59.0)
    1
    """
    code = "".join(unicodedata.normalize("NFKC", typed[:40]).split())
    if not CODE.fullmatch(code):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None
