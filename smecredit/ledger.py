"""Verify a ledger with its public key and nothing else: what it committed to, what it holds, and that it only grew.

Written from RFC 9162 (sections 2.1.3.2 and 2.1.4.2) and C2SP's signed notes, apart from the code that makes the proofs:
where both agree, neither need be trusted alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from smecredit.problems import Expected

ED25519 = 1
KEY_HASH_BYTES, KEY_BYTES = 4, 32
HASH_BYTES, SALT_BYTES = 32, 16
# Digits of the size of a ledger.
LONGEST_SIZE = 18
ROLES = ("subject", "actor", "grantee")


class NotProved(Expected):
    """Something that a ledger says does not follow from what it signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a ledger committed to: its first `size` entries, by their root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle proved: how many entries of which ledger, and from which earlier size on it only grew.

    `scores` are those of a batch that it proved one by one, each as its words say.
    """

    checkpoint: Checkpoint
    entries: int
    forgotten: int
    since: int | None
    scores: tuple[Mapping[str, Any], ...] = ()


def bundle(data: Mapping[str, Any], key: str, kept: str | None = None) -> Verified:
    """Verify a bundle as `smecredit ledger export` writes it; raise `NotProved` with the first thing that fails.

    `key` is the public key that you trust, as `origin+id+base64`. `kept` is a checkpoint that you kept from before: the
    bundle must then show that the ledger continues it.
    """
    now = checkpoint(_text(data, "checkpoint"), key)
    entries = data.get("entries")
    if not isinstance(entries, list):
        raise NotProved("the bundle lists no entries")
    for each in entries:
        if not isinstance(each, Mapping):
            raise NotProved("the bundle lists something that is no entry")
        _entry(each, now)
    since = None
    if kept is not None:
        before = checkpoint(kept, key)
        consistent(before, now, _hashes(data, "consistency"))
        since = before.size
    scores = tuple(_score(each, entries) for each in _listed(data, "scores"))
    return Verified(now, len(entries), sum(each.get("salt") is None for each in entries), since, scores)


def checkpoint(note: str, key: str) -> Checkpoint:
    """Return what a signed note commits to; raise `NotProved` where this key did not sign exactly this."""
    origin, public = _public_key(key)
    text, _, signatures = note.partition("\n\n")
    body = (text + "\n").encode()
    if not any(_signed(line, origin, public, body) for line in signatures.splitlines()):
        raise NotProved("the checkpoint is not signed with this key")
    lines = text.split("\n")
    if len(lines) < 3 or lines[0] != origin or not lines[1].isascii() or not lines[1].isdecimal():
        raise NotProved("the checkpoint is not of the form origin, size, root")
    if not lines[1].strip("0") or len(lines[1]) > LONGEST_SIZE:
        raise NotProved("the checkpoint commits to no entries: every ledger would continue it")
    return Checkpoint(origin, int(lines[1]), _base64(lines[2]))


def included(leaf: bytes, number: int, proof: Sequence[bytes], head: Checkpoint) -> None:
    """Raise `NotProved` where the proof does not show the leaf at this place (RFC 9162, section 2.1.3.2)."""
    if not 0 <= number < head.size:
        raise NotProved(f"entry {number} lies outside the checkpoint's {head.size}")
    root = hashlib.sha256(b"\0" + leaf).digest()
    try:
        for sibling, is_left in _steps(number, head.size - 1, proof):
            root = _node(sibling, root) if is_left else _node(root, sibling)
    except ValueError as wrong:
        raise NotProved(f"the proof of entry {number} {wrong}") from None
    if root != head.root:
        raise NotProved(f"entry {number} is not in the ledger that the checkpoint commits to")


def consistent(before: Checkpoint, now: Checkpoint, proof: Sequence[bytes]) -> None:
    """Raise `NotProved` where the proof does not show that the ledger only grew (RFC 9162, section 2.1.4.2)."""
    if before.size == now.size:
        grew = not proof and before.root == now.root
    else:
        grew = 0 < before.size < now.size and bool(proof) and _continues(before, now, proof)
    if not grew:
        raise NotProved(f"the ledger of {now.size} entries does not continue the one of {before.size} that you kept")


def _continues(before: Checkpoint, now: Checkpoint, proof: Sequence[bytes]) -> bool:
    # Where the old tree is complete its root stands for itself, and the proof leaves it out.
    path = list(proof) if before.size & (before.size - 1) else [before.root, *proof]
    place, last = before.size - 1, now.size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    try:
        for sibling, is_left in _steps(place, last, path[1:]):
            old = _node(sibling, old) if is_left else old
            new = _node(sibling, new) if is_left else _node(new, sibling)
    except ValueError:
        return False
    return old == before.root and new == now.root


def _steps(place: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each sibling on the way up from a place, and whether it stands on the left; `ValueError` by its length."""
    for sibling in proof:
        if last == 0:
            raise ValueError("is too long")
        is_left = bool(place & 1) or place == last
        yield sibling, is_left
        while is_left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("is too short")


def _entry(each: Mapping[str, Any], head: Checkpoint) -> None:
    """Verify an entry's proof, its form, and whose it is said to be where its salt is there."""
    number, leaf = each.get("n"), _text(each, "leaf").encode()
    if not isinstance(number, int):
        raise NotProved("an entry has no number")
    included(leaf, number, _hashes(each, "proof"), head)
    said = json.loads(leaf)
    if rfc8785.dumps(said) != leaf:
        raise NotProved(f"entry {number} is not in its canonical form")
    if each.get("salt") is None:
        if any(each.get(role) is not None for role in ROLES):
            raise NotProved(f"entry {number} is shown with a name, and without the salt that would prove it")
        return
    salt = _hash(_text(each, "salt"))
    if len(salt) != SALT_BYTES:  # else a byte of it could move into the names
        raise NotProved(f"the salt of entry {number} has not {SALT_BYTES} bytes")
    for role in ROLES:
        name = each.get(role)
        # Entries of the first form name no grantee.
        if said.get(role) != (None if name is None else hashlib.sha256(salt + str(name).encode()).hexdigest()):
            raise NotProved(f"entry {number} names another {role} than it is shown with")


def _score(each: object, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Verify that a batch's entry, itself proved already, holds this score; return what the score's words say."""
    if not isinstance(each, Mapping):
        raise NotProved("the bundle lists something that is no score")
    facts = _facts_of_batch(each.get("entry"), entries)
    place, group, words = each.get("place"), _hashes(each, "group"), _text(each, "words")
    if not isinstance(place, int) or not 0 <= place < facts["count"]:
        raise NotProved("a score has no place in its batch")
    if group[place % facts["group"] :][:1] != [_score_hash(words, each)] or {len(one) for one in group} != {HASH_BYTES}:
        raise NotProved(f"the score at {place} says something else than its group holds")
    leaves = -(-facts["count"] // facts["group"])
    part = Checkpoint(facts["scores"], leaves, _hash(facts["root"]))
    included(b"".join(group), place // facts["group"], _hashes(each, "proof"), part)
    score: Mapping[str, Any] = json.loads(words)
    if rfc8785.dumps(dict(score)) != words.encode() or not score["score_id"].startswith(facts["scores"]):
        raise NotProved(f"the score at {place} is not one of its batch in canonical form")
    return score


def _facts_of_batch(number: object, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for entry in entries:
        said = json.loads(entry["leaf"])
        if entry["n"] == number and said["kind"] == "score-batch" and "root" in said["facts"]:
            facts: Mapping[str, Any] = said["facts"]
            return facts
    raise NotProved("a score is shown without the entry of its batch")


def _score_hash(words: str, each: Mapping[str, Any]) -> bytes:
    """Return SHA-256 of 0x00, salt, words, a line feed, and the numbers as 64-bit little-endian."""
    salt, numbers = _hash(_text(each, "salt")), each.get("numbers")
    if len(salt) != SALT_BYTES or not isinstance(numbers, list):
        raise NotProved("a score lacks its salt or its numbers")
    try:
        packed = struct.pack(f"<{len(numbers)}d", *numbers)
    except struct.error:
        raise NotProved("a score's numbers are none") from None
    return hashlib.sha256(b"\0" + salt + words.encode() + b"\n" + packed).digest()


def _public_key(key: str) -> tuple[str, Ed25519PublicKey]:
    origin, _, rest = key.strip().partition("+")
    kid, _, encoded = rest.partition("+")
    raw = _base64(encoded)
    if len(raw) != 1 + KEY_BYTES or raw[0] != ED25519 or kid != _key_hash(origin, raw).hex():
        raise NotProved("the key is not of the form origin+id+base64 of an Ed25519 key")
    return origin, Ed25519PublicKey.from_public_bytes(raw[1:])


def _key_hash(origin: str, typed: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + typed).digest()[:KEY_HASH_BYTES]


def _signed(line: str, origin: str, public: Ed25519PublicKey, body: bytes) -> bool:
    parts = line.split(" ")
    if len(parts) != 3 or parts[:2] != ["—", origin]:
        return False
    raw = _base64(parts[2])
    typed = bytes([ED25519]) + public.public_bytes_raw()
    try:
        public.verify(raw[KEY_HASH_BYTES:], body)
    except InvalidSignature:
        return False
    return raw[:KEY_HASH_BYTES] == _key_hash(origin, typed)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _text(data: Mapping[str, Any], name: str) -> str:
    found = data.get(name)
    if not isinstance(found, str):
        raise NotProved(f"the bundle lacks {name}")
    return found


def _hashes(data: Mapping[str, Any], name: str) -> list[bytes]:
    return [_hash(each) for each in _listed(data, name)]


def _listed(data: Mapping[str, Any], name: str) -> list[Any]:
    found = data.get(name) or []
    if not isinstance(found, list):
        raise NotProved(f"the {name} is no list")
    return found


def _hash(text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise NotProved("a hash or a salt is not hex") from None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotProved("a key or signature is not base64") from None
