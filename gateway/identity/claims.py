"""What a claim of a signed JWT is worth, whatever JSON its signer wrote there."""

from __future__ import annotations

import math
from typing import TypeGuard

LAST_SECOND = 1e11
TEXT_LENGTH = 200


def seconds(value: object) -> float:
    """Return a NumericDate (RFC 7519); for anything else NaN, which fails every comparison."""
    return float(value) if isinstance(value, int | float) and 0 <= value < LAST_SECOND else math.nan


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is a text of 1 to 200 characters that UTF-8 and every database hold.

    JSON can escape half a character (a lone surrogate), which no UTF-8 holds, and a NUL, which no PostgreSQL holds.
    """
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_LENGTH or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
