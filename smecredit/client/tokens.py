"""Tokens for a client that signs for itself (`private_key_jwt`, RFC 7523): no secret is shared with the suite.

Bound to a key (DPoP, RFC 9449), a token that is stolen opens nothing: each request proves that its sender has the key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NEEDED = "The private key must be one of P-256: openssl ecparam -name prime256v1 -genkey -noout"
LIFE_SECONDS = 60
Ask: TypeAlias = Callable[[bytes, Mapping[str, str]], dict[str, object]]
EARLY_SECONDS = 60  # a token is renewed so long before its end


class Tokens:
    """Keeps a live token of one client; safe to share between threads.

    `private_key` is a PEM of a P-256 key whose public half the operator registered; `ask` sends a form to the token
    endpoint, with some headers, and returns its answer. With `bound` tokens are bound to a key that is made here and
    never leaves this process.
    """

    def __init__(self, client_id: str, private_key: bytes, endpoint: str, ask: Ask, *, bound: bool = False) -> None:
        key = load_pem_private_key(private_key, password=None)
        fits = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
        if not fits:
            raise ValueError(NEEDED)
        self._client, self._endpoint, self._ask = client_id, endpoint, ask
        self._key = cast("ec.EllipticCurvePrivateKey", key)
        self._bound = ec.generate_private_key(ec.SECP256R1()) if bound else None
        self._lock = threading.Lock()
        self._token, self._until = "", float("-inf")

    def current(self) -> str:
        """Return a token that lives for a while yet."""
        with self._lock:
            if time.monotonic() >= self._until:
                form = {"grant_type": "client_credentials", "client_assertion_type": TYPE}
                asked = time.monotonic()
                sent = urlencode({**form, "client_assertion": self.assertion()}).encode()
                answer = self._ask(sent, self._proof("POST", self._endpoint, None))
                self._token = str(answer["access_token"])
                self._until = asked + float(str(answer["expires_in"])) - EARLY_SECONDS
            return self._token

    def headers(self, method: str, path: str) -> dict[str, str]:
        """Return what a request to a path of the suite comes with: the token, and a proof where it is bound."""
        token = self.current()
        if self._bound is None:
            return {"Authorization": f"Bearer {token}"}
        origin = urlsplit(self._endpoint)._replace(query="", fragment="").geturl().removesuffix("/oauth/token")
        return {"Authorization": f"DPoP {token}", **self._proof(method, origin + path.partition("?")[0], token)}

    def _proof(self, method: str, address: str, token: str | None) -> dict[str, str]:
        """Sign a fresh proof for one request (RFC 9449 section 4.2)."""
        if self._bound is None:
            return {}
        numbers = self._bound.public_key().public_numbers()
        x, y = (_base64(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y))
        claims: dict[str, object] = {"htm": method, "htu": address, "iat": int(time.time()), "jti": uuid.uuid4().hex}
        if token is not None:
            claims["ath"] = _base64(hashlib.sha256(token.encode()).digest())
        head = {"typ": "dpop+jwt", "jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}}
        return {"DPoP": _signed(self._bound, head, claims)}

    def assertion(self) -> str:
        """Sign a fresh assertion, for one request: ES256 (RFC 7518 section 3.4)."""
        now = int(time.time())
        claims = {"iss": self._client, "sub": self._client, "aud": self._endpoint, "iat": now}
        claims |= {"exp": now + LIFE_SECONDS, "jti": uuid.uuid4().hex}
        return _signed(self._key, {"typ": "JWT"}, claims)


def _signed(key: ec.EllipticCurvePrivateKey, head: Mapping[str, object], claims: Mapping[str, object]) -> str:
    signed = f"{_part({'alg': 'ES256', **head})}.{_part(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _part(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
