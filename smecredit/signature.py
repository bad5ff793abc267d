"""Verify the signature of a receipt with nothing but the public key: Ed25519 over canonical JSON (RFC 8785)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def signed_by(document: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the id of the key (a JSON Web Key, RFC 8037) that signed a receipt; None where none of them did."""
    signature = document["signature"]
    for key in keys:
        if key.get("kid") == signature.get("kid") and _verifies(key, signature, document["receipt"]):
            return str(key["kid"])
    return None


def _verifies(key: Mapping[str, Any], signature: Mapping[str, Any], stated: Mapping[str, Any]) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(_raw(key["x"]))
        public.verify(_raw(signature["value"]), rfc8785.dumps(dict(stated)))
    except (InvalidSignature, binascii.Error, KeyError, ValueError):
        return False
    return True


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
