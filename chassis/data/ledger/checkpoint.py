"""Signed checkpoints: what a ledger commits to, in the form that transparency logs share (C2SP tlog-checkpoint).

A checkpoint is a signed note: origin, size and root (base64), a line each; an empty line; and a signature line per key.
Whoever keeps one can later be shown that the ledger only grew, or prove that it did not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from chassis.core.signing import Signer
from chassis.data.ledger.store import Head

ED25519 = b"\x01"  # the note's type of signature, part of the key's id


def note(origin: str, head: Head, signer: Signer) -> str:
    """Return a checkpoint of a ledger, signed with the key that signs now."""
    text = f"{origin}\n{head.size}\n{_base64(head.root)}\n"
    signature = key_hash(origin, signer.public[0]) + signer.raw(text.encode())
    return f"{text}\n— {origin} {_base64(signature)}\n"


def verifier_keys(origin: str, public_keys: Iterable[bytes]) -> list[str]:
    """Return public keys as signed notes write them: `origin+id+key`. One such line is all that a verifier needs."""
    return [f"{origin}+{key_hash(origin, key).hex()}+{_base64(ED25519 + key)}" for key in public_keys]


def key_hash(origin: str, public_key: bytes) -> bytes:
    """Return the four bytes by which a signature names its key."""
    return hashlib.sha256(origin.encode() + b"\n" + ED25519 + public_key).digest()[:4]


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
