"""Tokens for a client that signs for itself (`private_key_jwt`, RFC 7523): no secret is shared with the suite."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NEEDED = "The private key must be one of P-256: openssl ecparam -name prime256v1 -genkey -noout"
LIFE_SECONDS = 60
EARLY_SECONDS = 60  # a token is renewed so long before its end


class Tokens:
    """Keeps a live token of one client; safe to share between threads.

    `private_key` is a PEM of a P-256 key whose public half the operator registered; `ask` sends a form to the token
    endpoint and returns its answer.
    """

    def __init__(
        self, client_id: str, private_key: bytes, endpoint: str, ask: Callable[[bytes], dict[str, object]]
    ) -> None:
        key = load_pem_private_key(private_key, password=None)
        fits = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
        if not fits:
            raise ValueError(NEEDED)
        self._client, self._endpoint, self._ask = client_id, endpoint, ask
        self._key = cast("ec.EllipticCurvePrivateKey", key)
        self._lock = threading.Lock()
        self._token, self._until = "", float("-inf")

    def current(self) -> str:
        """Return a token that lives for a while yet."""
        with self._lock:
            if time.monotonic() >= self._until:
                form = {"grant_type": "client_credentials", "client_assertion_type": TYPE}
                asked = time.monotonic()
                answer = self._ask(urlencode({**form, "client_assertion": self.assertion()}).encode())
                self._token = str(answer["access_token"])
                self._until = asked + float(str(answer["expires_in"])) - EARLY_SECONDS
            return self._token

    def assertion(self) -> str:
        """Sign a fresh assertion, for one request: ES256 (RFC 7518 section 3.4)."""
        now = int(time.time())
        claims = {"iss": self._client, "sub": self._client, "aud": self._endpoint, "iat": now}
        claims |= {"exp": now + LIFE_SECONDS, "jti": uuid.uuid4().hex}
        signed = f"{_part({'alg': 'ES256', 'typ': 'JWT'})}.{_part(claims)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _part(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
