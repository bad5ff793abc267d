"""The Merkle tree of RFC 9162 (section 2.1), on the hashes of its complete subtrees: pure, and logarithmic everywhere.

A node `(level, place)` is the root over the leaves `place·2^level … (place+1)·2^level − 1`; level 0 holds the leaves'
hashes. A tree of n leaves needs O(log n) of them for its root and for any proof, and an appended leaf adds two on the
average.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

LEAF, NODE = b"\x00", b"\x01"
EMPTY = hashlib.sha256(b"").digest()
Place = tuple[int, int]
Nodes = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return HASH(0x00 || leaf)."""
    return hashlib.sha256(LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return HASH(0x01 || left || right)."""
    return hashlib.sha256(NODE + left + right).digest()


def peaks(size: int) -> list[Place]:
    """Return the complete subtrees that a tree of `size` leaves is made of, the largest first."""
    found, start = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def grown(size: int, tops: Iterable[bytes], leaves: Iterable[bytes]) -> tuple[dict[Place, bytes], list[bytes]]:
    """Return the nodes that leaves (as hashes) add to a tree of `size` with these peaks, and its peaks from then on.

    The new leaves' own hashes are among the nodes, at level 0.
    """
    made: dict[Place, bytes] = {}
    stack = list(tops)
    for number, leaf in enumerate(leaves, size):
        level, place, here = 0, number, leaf
        made[level, place] = here
        while place & 1:
            here = node_hash(stack.pop(), here)
            level, place = level + 1, place >> 1
            made[level, place] = here
        stack.append(here)
    return made, stack


def root_of(tops: Iterable[bytes]) -> bytes:
    """Return the root over peaks, the largest first."""
    root: bytes | None = None
    for peak in reversed(list(tops)):
        root = peak if root is None else node_hash(peak, root)
    return EMPTY if root is None else root


def root_over(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaves (as hashes) when no node is kept: level by level, four times as fast as `grown`."""
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) & 1 else []
        level = [*map(node_hash, level[::2], level[1::2]), *odd]
    return level[0] if level else EMPTY


def root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the first `size` leaves."""
    return root_of(nodes(*place) for place in peaks(size))


def inclusion(number: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that leaf `number` (from 0) is in the tree of the first `size` leaves (section 2.1.3.1)."""
    if not 0 <= number < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {number}")
    return _path(number, 0, size, nodes)


def consistency(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Return the proof that the first `old` leaves of the tree of `new` leaves are unchanged (section 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"no tree of {new} leaves continues one of {old}")
    return _subproof(old, 0, new, nodes, whole=True)


def needed(proof: Callable[[Nodes], object]) -> set[Place]:
    """Return which nodes a proof reads, so that they are fetched at once: `needed(lambda nodes: root(9, nodes))`."""
    asked: set[Place] = set()

    def note(level: int, place: int) -> bytes:
        asked.add((level, place))
        return EMPTY

    proof(note)
    return asked


def _split(count: int) -> int:
    """Return the largest power of two below a count."""
    return 1 << (count - 1).bit_length() - 1


def _span(start: int, end: int, nodes: Nodes) -> bytes:
    """Return the root over the leaves from `start` to `end`, where `start` begins a subtree of that tree."""
    count = end - start
    level = count.bit_length() - 1
    if count == 1 << level:
        return nodes(level, start >> level)
    middle = start + _split(count)
    return node_hash(_span(start, middle, nodes), _span(middle, end, nodes))


def _path(number: int, start: int, end: int, nodes: Nodes) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if number < middle:
        return [*_path(number, start, middle, nodes), _span(middle, end, nodes)]
    return [*_path(number, middle, end, nodes), _span(start, middle, nodes)]


def _subproof(old: int, start: int, end: int, nodes: Nodes, *, whole: bool) -> list[bytes]:
    """Return SUBPROOF of the RFC; `whole` says that the old tree's root is known to whoever verifies."""
    if old == end - start:
        return [] if whole else [_span(start, end, nodes)]
    half = _split(end - start)
    middle = start + half
    if old <= half:
        return [*_subproof(old, start, middle, nodes, whole=whole), _span(middle, end, nodes)]
    return [*_subproof(old - half, middle, end, nodes, whole=False), _span(start, middle, nodes)]
