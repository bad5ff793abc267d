"""Keys with which this installation signs what must be provable elsewhere (Ed25519, RFC 8032).

The same text gives the same signature, so nothing need be signed while somebody waits: a receipt of a score and a
checkpoint of a ledger are signed when they are asked for.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chassis.core.disk import fsync

ALGORITHM = "Ed25519"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with its first key and knows all: a receipt signed before a rotation can still be verified."""

    keys: tuple[Ed25519PrivateKey, ...]

    def sign(self, message: bytes) -> dict[str, str]:
        """Return algorithm, key id and signature of a message."""
        key = self.keys[0]
        return {"alg": ALGORITHM, "kid": key_id(key.public_key()), "value": text_of(key.sign(message))}

    def raw(self, message: bytes) -> bytes:
        """Return the 64 bytes of a message's signature."""
        return self.keys[0].sign(message)

    @property
    def public(self) -> tuple[bytes, ...]:
        """The public keys, 32 bytes each, the one that signs first."""
        return tuple(key.public_key().public_bytes_raw() for key in self.keys)

    def verifies(self, message: bytes, signature: Mapping[str, Any]) -> bool:
        """Tell whether one of this installation's keys signed exactly this message."""
        known = {key_id(key.public_key()): key.public_key() for key in self.keys}
        key = known.get(str(signature.get("kid")))
        if key is None or signature.get("alg") != ALGORITHM:
            return False
        try:
            key.verify(_bytes(str(signature.get("value", ""))), message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def published(self) -> dict[str, Any]:
        """Return the public keys as JSON Web Keys (RFC 8037), the one that signs first."""
        return {"keys": [_jwk(key.public_key()) for key in self.keys]}


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 16 characters of the SHA-256 of the public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


@lru_cache(maxsize=16)
def signer_of(given: tuple[str, ...], file: Path) -> Signer:
    """Return the signer with these private keys (hex); without any its key is made at the first use, in the file."""
    seeds = given or tuple(kept(file).split())
    return Signer(tuple(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)) for seed in seeds))


def kept(file: Path) -> str:
    """Return the text of the key file; of two processes that start at once one makes it and both use it."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent)  # created with mode 0600
        with os.fdopen(handle, "w") as beside:
            beside.write(secrets.token_hex(KEY_BYTES) + "\n")
            beside.flush()
            os.fsync(beside.fileno())
        try:
            file.hardlink_to(name)
        except FileExistsError:
            pass  # another process was first: its key is as good
        finally:
            Path(name).unlink()
        fsync(file.parent)
    return file.read_text()


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": ALGORITHM, "kid": key_id(key), "use": "sig", "x": text_of(key.public_bytes_raw())}


def text_of(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
