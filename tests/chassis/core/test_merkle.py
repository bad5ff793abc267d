"""The tree is RFC 9162's: its published vectors, an independent implementation, and what must hold of any log."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core import merkle
from smecredit.ledger import Checkpoint, NotProved, consistent, included

# The eight leaves of Certificate Transparency's reference tests, and the roots of their first 1 … 8.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

INCLUSION = [
    (0, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (5, 8, ["bc1a0643", "ca854ea1", "d37ee418"]),
    (2, 3, ["fac54203"]),
    (1, 5, ["6e340b9c", "5f083f0a", "bc1a0643"]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, ["96a296d2", "5f083f0a", "6b47aaf2"]),
    (6, 8, ["0ebc5d34", "ca854ea1", "d37ee418"]),
    (2, 5, ["5f083f0a", "bc1a0643"]),
]


class Log:
    """A tree in memory over leaves, grown in pieces of the given lengths."""

    def __init__(self, leaves: list[bytes], pieces: list[int] | None = None) -> None:
        self.leaves = leaves
        self.nodes: dict[merkle.Place, bytes] = {}
        tops: list[bytes] = []
        start = 0
        for length in [*(pieces or []), len(leaves)]:
            hashes = [merkle.leaf_hash(leaf) for leaf in leaves[start : start + length]]
            made, tops = merkle.grown(start, tops, hashes)
            self.nodes |= made
            start += len(hashes)
        self.peaks = tops

    def node(self, level: int, place: int) -> bytes:
        return self.nodes[level, place]

    def head(self, size: int) -> Checkpoint:
        return Checkpoint("test", size, merkle.root(size, self.node))


def log_of(size: int) -> Log:
    return Log([str(number).encode() for number in range(size)])


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    assert Log(LEAVES).head(size).root.hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root_of([]) == hashlib.sha256(b"").digest()


def test_proofs_are_those_of_the_reference() -> None:
    """Inclusion of leaves of eight, of three and of five; consistency of one, two and six with what came later."""
    log = Log(LEAVES)
    for number, size, steps in INCLUSION:
        assert [step.hex()[:8] for step in merkle.inclusion(number, size, log.node)] == steps
    for old, new, steps in CONSISTENCY:
        assert [step.hex()[:8] for step in merkle.consistency(old, new, log.node)] == steps


def test_roots_and_proofs_equal_another_implementation() -> None:
    """Every size up to 40 and every leaf: the very hashes of pymerkle, whose consistency proofs have another form."""
    pymerkle = pytest.importorskip("pymerkle", reason="pip install pymerkle")
    ours, theirs = log_of(40), pymerkle.InmemoryTree(algorithm="sha256")
    theirs.append_entries(ours.leaves)
    for size in range(1, 41):
        assert ours.head(size).root == theirs.get_root(size)
        for number in range(size):  # it counts from one, and begins a path with the leaf
            assert merkle.inclusion(number, size, ours.node) == theirs.prove_inclusion(number + 1, size).path[1:]


@given(st.integers(1, 200), st.data())
def test_every_leaf_of_every_size_is_proved(size: int, data: st.DataObject) -> None:
    """To a verifier that was written apart."""
    number = data.draw(st.integers(0, size - 1))
    log = log_of(size)
    included(log.leaves[number], number, merkle.inclusion(number, size, log.node), log.head(size))


@given(st.integers(1, 200), st.integers(1, 200))
def test_every_size_is_proved_to_continue_every_earlier_one(one: int, other: int) -> None:
    old, new = sorted((one, other))
    log = log_of(new)
    consistent(log.head(old), log.head(new), merkle.consistency(old, new, log.node))


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(0, 60))
def test_a_log_grown_in_pieces_is_the_log_grown_at_once(pieces: list[int], size: int) -> None:
    leaves = [str(number).encode() for number in range(size)]
    once, often = Log(leaves), Log(leaves, pieces)
    assert (often.nodes, often.peaks) == (once.nodes, once.peaks)


@given(st.integers(2, 100), st.data())
def test_a_log_that_changed_anywhere_in_its_past_continues_nothing(size: int, data: st.DataObject) -> None:
    """Whatever it then hands out as a proof."""
    changed = data.draw(st.integers(0, size - 2))
    old = data.draw(st.integers(changed + 1, size - 1))
    honest, forged = log_of(size), log_of(size)
    forged = Log([b"forged" if number == changed else leaf for number, leaf in enumerate(forged.leaves)])
    with pytest.raises(NotProved):
        consistent(honest.head(old), forged.head(size), merkle.consistency(old, size, forged.node))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 10**6, 10**6 + 1])
def test_a_proof_is_as_long_as_the_tree_is_high(size: int) -> None:
    """At a million entries 20 hashes: 640 bytes, and 1,280 in the hex that travels, below two kilobytes."""
    longest = max(len(merkle.inclusion(n, size, lambda *_: b"")) for n in {0, size // 2, size - 1})
    assert longest <= (size - 1).bit_length()
    if size == 10**6:
        assert longest * 64 <= 2048


def test_what_a_proof_needs_is_known_before_it_is_made() -> None:
    """So that a store fetches it at once: no more nodes than twice the tree's height."""
    wanted = merkle.needed(lambda nodes: merkle.inclusion(123_456, 10**6, nodes))
    assert 15 < len(wanted) <= 40


@pytest.mark.parametrize(("number", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        merkle.inclusion(number, size, log_of(5).node)


def test_a_root_without_nodes_is_that_of_the_tree() -> None:
    """For every number of leaves up to seventy."""
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(70)]
    for size in range(70):
        assert merkle.root_over(leaves[:size]) == merkle.root_of(merkle.grown(0, [], leaves[:size])[1])
