"""A receipt's signature, verified with the public key alone."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from smecredit.signature import signed_by

# RFC 8032, section 7.1, test 1: the public key of this seed is known.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


KEYS = [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": text(bytes.fromhex(PUBLIC))}]


@pytest.fixture
def document() -> dict[str, Any]:
    stated = {"score": 652, "pd": 0.021, "pd_interval": [1e-7, 1e21], "grade": "A级"}
    value = Ed25519PrivateKey.from_private_bytes(SEED).sign(rfc8785.dumps(stated))
    return {"receipt": stated, "signature": {"alg": "Ed25519", "kid": "k1", "value": text(value)}}


def test_the_key_that_signed_is_named(document: dict[str, Any]) -> None:
    """Whatever order the members come in."""
    document["receipt"] = dict(reversed(document["receipt"].items()))
    assert signed_by(document, KEYS) == "k1"


@pytest.mark.parametrize("change", [{"score": 653}, {"pd": 0.021000000000000005}, {"grade": "A"}, {"more": None}])
def test_a_changed_receipt_is_signed_by_nobody(document: dict[str, Any], change: dict[str, Any]) -> None:
    """However little was changed."""
    document["receipt"] |= change
    assert signed_by(document, KEYS) is None


@pytest.mark.parametrize("change", [{"value": "AAAA"}, {"value": "§"}, {"kid": "k2"}])
def test_a_signature_that_does_not_fit_is_none(document: dict[str, Any], change: dict[str, str]) -> None:
    """Nor one that cannot be read."""
    document["signature"] |= change
    assert signed_by(document, KEYS) is None
