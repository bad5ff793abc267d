"""Identifiers that sort by time, so that a keyset page and an index insert stay cheap."""

from __future__ import annotations

import secrets
import time

# Crockford's base 32: no I, L, O, U, so that an id survives being read aloud.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
_COUNTED = len(_PAIRS) ** 2


def new_id(prefix: str) -> str:
    """Return `prefix_` and 26 characters: 48 bits of milliseconds, 80 random bits (the layout of a ULID)."""
    return f"{prefix}_{_written((time.time_ns() // 1_000_000) << 80 | secrets.randbits(80), 26)}"


def new_ids(prefix: str, count: int) -> list[str]:
    """Return many ids in ascending order, which an index takes in at its end: one draw, then the next numbers.

    The last 20 bits count, up to a million a draw; the other 60 are random.
    """
    if count > _COUNTED:
        return new_ids(prefix, _COUNTED) + new_ids(prefix, count - _COUNTED)
    head = new_head(prefix)
    return [numbered(head, number) for number in range(count)]


def new_head(prefix: str) -> str:
    """Return what up to a million ids of one draw begin with; `numbered` gives each."""
    return f"{prefix}_{_written((time.time_ns() // 1_000_000) << 60 | secrets.randbits(60), 22)}"


def numbered(head: str, number: int) -> str:
    """Return the id with this number, from 0, of a draw."""
    return head + _PAIRS[number >> 10] + _PAIRS[number & 1023]


def parted(one: str) -> tuple[str, int]:
    """Return head and number of an id, the inverse of `numbered`; the number is -1 where nothing of ours ends so."""
    head, last = one[:-4], one[-4:]
    if len(last) < 4 or any(letter not in ALPHABET for letter in last):
        return head, -1
    number = 0
    for letter in last:
        number = number << 5 | ALPHABET.index(letter)
    return head, number


def _written(number: int, length: int) -> str:
    # Two letters at a time: an answer that opens a hundred files makes as many ids.
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * (length - 2), -10, -10)])
