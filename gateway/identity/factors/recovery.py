"""Recovery codes: ten, shown once, each used once, for who has lost phone and keys."""

from __future__ import annotations

import secrets
import unicodedata

HOW_MANY = 10
# Crockford's base32: no letter that looks like a digit. 24 of them are 120 bits, more than the 112 from which on OWASP
# ASVS 6.5.2 lets a plain digest be kept; it is one under the pepper.
ALPHABET, LENGTH, GROUP = "0123456789abcdefghjkmnpqrstvwxyz", 24, 4
ALIKE = str.maketrans("oil", "011")


def new_codes() -> list[str]:
    """Return ten fresh codes."""
    return [_grouped("".join(secrets.choice(ALPHABET) for _ in range(LENGTH))) for _ in range(HOW_MANY)]


def plain(typed: str) -> str:
    """Return one spelling of what was typed.

    >>> plain(" 0o1l-ABCD Efgh ")
    '0011abcdefgh'
    """
    spelled = unicodedata.normalize("NFKC", typed[: LENGTH * 4]).lower().translate(ALIKE)
    return "".join(letter for letter in spelled if letter in ALPHABET)


def _grouped(code: str) -> str:
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))
