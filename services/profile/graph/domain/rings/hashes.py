"""Hashes: telling quickly which numbers may be among others, so that few are left to be told exactly."""

from __future__ import annotations

import numpy as np

from services.profile.graph.domain.rings.hops import Flags, Ints

# At most so many bits of a slot, 4 MB of flags; at least a thousand.
LEAST_BITS, MOST_BITS = 10, 22


def among(numbers: Ints, others: Ints) -> Flags:
    """Tell which numbers may be among others: all that are, and a few that are not."""
    bits = bits_for(len(others))
    table = np.zeros(1 << bits, np.bool_)
    table[slots(others, bits)] = True
    return np.asarray(table[slots(numbers, bits)])


def bits_for(count: int) -> int:
    """Return how many bits keep so many numbers apart, nearly all of them."""
    return min(max(count.bit_length() + 3, LEAST_BITS), MOST_BITS)


def slots(numbers: Ints, bits: int) -> Ints:
    """Return a hash of each number, of so many bits: multiplied by 2⁶⁴ / φ, the upper bits (Knuth, TAOCP 3, 6.4)."""
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(64 - bits)).astype(np.int64)
