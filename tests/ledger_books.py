"""A small ledger with its key, as a bundle of entries with their proofs, made by the services' own code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.core import merkle
from chassis.core.signing import Signer
from chassis.data.ledger import checkpoint, entry
from chassis.data.ledger.store import Head

SIGNER = Signer((Ed25519PrivateKey.generate(),))
[KEY] = checkpoint.verifier_keys("test", SIGNER.public)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def bundle() -> dict[str, Any]:
    """Five entries of a ledger of 41, and the proof that it continues one of 20."""
    salt = bytes(16)
    leaves = [written(number, salt) for number in range(41)]
    nodes, peaks = merkle.grown(0, [], map(merkle.leaf_hash, leaves))

    def node(level: int, place: int) -> bytes:
        return nodes[level, place]

    items = [
        {
            "n": number,
            "leaf": leaves[number].decode(),
            "subject": f"local:E{number}",
            "actor": "bank-1",
            "salt": salt.hex(),
            "proof": [step.hex() for step in merkle.inclusion(number, 41, node)],
        }
        for number in (0, 7, 19, 20, 40)
    ]
    return {
        "checkpoint": checkpoint.note("test", Head(41, merkle.root_of(peaks)), SIGNER),
        "entries": items,
        "consistency": [step.hex() for step in merkle.consistency(20, 41, node)],
        "earlier": checkpoint.note("test", Head(20, merkle.root(20, node)), SIGNER),
    }


def written(number: int, salt: bytes) -> bytes:
    return entry.written(entry.Entry("access", f"local:E{number}", "bank-1", {"consent": "con_1"}), NOW, salt)
