"""Whatever is done to a ledger that somebody has a checkpoint of, that checkpoint finds it."""

from __future__ import annotations

import copy
import random
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ledger_books import KEY, SIGNER, bundle

from chassis.core import merkle
from chassis.core.signing import Signer
from chassis.data.ledger import checkpoint
from chassis.data.ledger.store import Head
from smecredit import ledger as verifier
from smecredit.ledger import NotProved

SIZE, MUTATIONS = 64, 10_000
Leaves = list[bytes]


def test_every_edit_removal_insertion_and_swap_is_found() -> None:
    """All of 10,000: a ledger that was changed has another root, so no checkpoint of the true one fits it."""
    chance = random.Random(7)
    leaves = [b'{"n":%d}' % number for number in range(SIZE)]
    true = root(leaves)
    missed = [0 for _ in range(MUTATIONS) if root(chance.choice(WAYS)(list(leaves), chance)) == true]
    assert missed == []


def edited(leaves: Leaves, chance: random.Random) -> Leaves:
    """One bit of one leaf."""
    number = chance.randrange(SIZE)
    raw = bytearray(leaves[number])
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return [*leaves[:number], bytes(raw), *leaves[number + 1 :]]


def removed(leaves: Leaves, chance: random.Random) -> Leaves:
    del leaves[chance.randrange(SIZE)]
    return leaves


def inserted(leaves: Leaves, chance: random.Random) -> Leaves:
    """A leaf of its own, or one that is there already."""
    new = chance.choice([b"new", chance.choice(leaves)])
    leaves.insert(chance.randrange(SIZE + 1), new)
    return leaves


def swapped(leaves: Leaves, chance: random.Random) -> Leaves:
    one, other = chance.sample(range(SIZE), 2)
    leaves[one], leaves[other] = leaves[other], leaves[one]
    return leaves


WAYS: list[Callable[[Leaves, random.Random], Leaves]] = [edited, removed, inserted, swapped]


def root(leaves: Leaves) -> bytes:
    return merkle.root_of(merkle.grown(0, [], map(merkle.leaf_hash, leaves))[1])


def test_every_change_of_a_bundle_is_found() -> None:
    """An exported file in which any character of a leaf, proof, number, name, salt or checkpoint was changed."""
    whole = bundle()
    assert verifier.bundle(whole, KEY, whole["earlier"]).entries == 5
    chance, missed = random.Random(7), []
    for _ in range(2000):
        changed, where = tampered(whole, chance)
        try:
            verifier.bundle(changed, KEY, whole["earlier"])
        except NotProved:
            continue
        missed.append(where)
    assert missed == []


def tampered(whole: dict[str, Any], chance: random.Random) -> tuple[dict[str, Any], str]:
    """Change one character of one member, a number, or a length."""
    changed = copy.deepcopy(whole)
    item = chance.choice(changed["entries"])
    where = chance.choice(["leaf", "proof", "n", "subject", "actor", "salt", "checkpoint", "consistency", "shorter"])
    if where == "n":
        item["n"] += chance.choice([-1, 1, 41])
    elif where == "proof":
        step = chance.randrange(len(item["proof"]))
        item["proof"][step] = other(item["proof"][step], chance)
    elif where == "shorter":
        item["proof"].pop()
    elif where == "consistency":
        step = chance.randrange(len(changed["consistency"]))
        changed["consistency"][step] = other(changed["consistency"][step], chance)
    elif where == "checkpoint":
        changed["checkpoint"] = other(changed["checkpoint"], chance)
    else:
        item[where] = other(item[where], chance)
    return changed, where


def other(text: str, chance: random.Random) -> str:
    """Return a text in which one character is another."""
    place = chance.randrange(len(text))
    new = chance.choice([letter for letter in "0123456789abcdef" if letter != text[place].lower()])
    return text[:place] + new + text[place + 1 :]


@pytest.mark.parametrize(
    "change",
    [{"salt": None}, {"salt": None, "actor": "bank-2"}, {"salt": None, "subject": None}, {"actor": None}, {"proof": 5}],
    ids=["no salt", "another name", "one name", "name withheld", "no proof"],
)
def test_a_name_is_shown_with_the_salt_that_proves_it_or_not_at_all(change: dict[str, Any]) -> None:
    """Whoever strikes out the salt of an exported entry cannot write a name of choice beside it."""
    whole = bundle()
    whole["entries"][1] |= change
    with pytest.raises(NotProved):
        verifier.bundle(whole, KEY)


def test_what_is_no_entry_is_named_as_such() -> None:
    with pytest.raises(NotProved, match="no entry"):
        verifier.bundle(bundle() | {"entries": [1]}, KEY)


def test_a_forgotten_entry_is_still_proved() -> None:
    whole = bundle()
    whole["entries"][1] |= {"salt": None, "subject": None, "actor": None}
    assert verifier.bundle(whole, KEY).forgotten == 1


@pytest.mark.parametrize("root", [merkle.EMPTY, bytes(32)])
def test_an_empty_checkpoint_is_refused(root: bytes) -> None:
    """Every ledger would continue it: neither as what was kept, nor as what is shown."""
    empty = checkpoint.note("test", Head(0, root), SIGNER)
    whole = bundle() | {"consistency": []}
    with pytest.raises(NotProved, match="no entries"):
        verifier.bundle(whole, KEY, empty)
    with pytest.raises(NotProved, match="no entries"):
        verifier.bundle({"checkpoint": empty, "entries": []}, KEY)


@pytest.mark.parametrize("role", ["subject", "actor"])
def test_no_byte_of_a_salt_moves_into_a_name(role: str) -> None:
    """A salt has sixteen bytes: with fifteen, and its last before each name, the hashes would be the same."""
    whole = bundle()
    entry = next(each for each in whole["entries"] if each.get(role))
    entry["salt"] = entry["salt"][:-2]
    with pytest.raises(NotProved, match="16 bytes"):
        verifier.bundle(whole, KEY)
    entry["salt"] = entry["salt"] + "4142"
    with pytest.raises(NotProved, match="16 bytes"):
        verifier.bundle(whole, KEY)


def test_a_checkpoint_of_another_key_is_not_believed() -> None:
    """Even of the same origin, size and root."""
    forger = Signer((Ed25519PrivateKey.generate(),))
    note = checkpoint.note("test", Head(1, bytes(32)), forger)
    with pytest.raises(NotProved, match="not signed with this key"):
        verifier.checkpoint(note, KEY)


def test_a_checkpoint_is_a_signed_note() -> None:
    """Origin, size and root in base64, an empty line, and a line of signature (C2SP tlog-checkpoint)."""
    note = checkpoint.note("test", Head(3, bytes(32)), SIGNER)
    head, _, signature = note.partition("\n\n")
    assert head.split("\n") == ["test", "3", b64encode(bytes(32)).decode()]
    assert signature.startswith("— test ")
    assert verifier.checkpoint(note, KEY).size == 3
