"""People with second factors for tests: what a phone shows, what an authenticator answers, what a person does."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PASSWORD, ADDRESS = "a ferry crosses at dawn", "192.0.2.1"
ORIGIN = {"Origin": "http://localhost"}
SITE = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def code_at(secret: str, seconds: float = 0.0) -> str:
    """Return what the phone shows so many seconds from now."""
    return pyotp.TOTP(secret).at(time.time() + seconds)


def next_code(secret: str) -> str:
    """Return the code after the one that the phone shows: right as well, and unused where that one was typed.

    A step of time may begin between two lines of a test: then it is the present code, and right as ever.
    """
    return code_at(secret, 30.0)


def encoded(raw: bytes) -> str:
    """Return bytes as the browser writes them."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Return bytes that the browser reads."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """A security key in software (EC P-256): makes one credential, signs for it, and counts its uses.

    What it says may be bent: another origin, another site, nobody verified, an earlier count.
    """

    origin: str = SITE
    site: str | None = None
    flags: int = PRESENT | VERIFIED
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""

    def create(self, asked: str, **bent: Any) -> str:
        """Return the answer to what a page asks in order to make a passkey, with the attestation `none`."""
        options = json.loads(asked)
        self.handle = decoded(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cose
        data = self._data(options["rp"]["id"], self.flags | ATTESTED) + attested
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        client = self._client("webauthn.create", options["challenge"], **bent)
        return self._answer({"clientDataJSON": client, "attestationObject": cbor2.dumps(statement)})

    def get(self, asked: str, **bent: Any) -> str:
        """Return the answer to what a page asks in order to use a passkey."""
        options = json.loads(asked)
        self.count += 1
        data = self._data(options["rpId"], self.flags)
        client = self._client("webauthn.get", options["challenge"], **bent)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer(said)

    def _data(self, site: str, flags: int) -> bytes:
        return hashlib.sha256((self.site or site).encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str, /, **bent: Any) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **bent}).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        name = encoded(self.credential)
        parts = {key: encoded(value) for key, value in response.items() if value}
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": parts}
        )


def secret_on(page: str) -> str:
    """Return the secret of an app that a page shows as text."""
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert found, page
    return found[1].replace(" ", "")


def sealed_on(page: str) -> str:
    """Return the box that the form of a page brings back."""
    found = re.search(r'name="sealed" value="([^"]+)"', page)
    assert found, page
    return found[1]


def codes_on(page: str) -> list[str]:
    """Return the recovery codes that a page shows."""
    return re.findall(r"<li>([0-9a-z-]{29})</li>", page)


def asked_on(page: str) -> str:
    """Return what a page asks the browser's authenticator."""
    found = re.search(r'data-asked="([^"]+)"', page)
    assert found, page
    return found[1].replace("&#34;", '"').replace("&amp;", "&")


def sign_in(client: Any, login: str, password: str = PASSWORD, **form: str) -> Any:
    """Take the first step, or the only one."""
    return client.post("/portal/sign-in", data={"login": login, "password": password, **form}, headers=ORIGIN)


def show(client: Any, kind: str, text: str, **form: str) -> Any:
    """Take the second step."""
    return client.post("/portal/second-step", data={"kind": kind, "shown": text, **form}, headers=ORIGIN)


def add_app(client: Any) -> tuple[str, list[str]]:
    """Add an app that makes codes by the pages; return its secret and the recovery codes."""
    page = client.get("/portal/factors/app").text
    secret = secret_on(page)
    form = {"sealed": sealed_on(page), "code": code_at(secret)}
    done = client.post("/portal/factors/app", data=form, headers=ORIGIN)
    assert done.status_code in {200, 303}, done.text
    return secret, codes_on(done.text)


def acknowledge(client: Any, page: str) -> Any:
    """Press the button by which a person says to have read what a page shows as new."""
    shown = re.findall(r'name="event" value="([^"]+)"', page)
    return client.post("/portal/factors/acknowledge", data={"event": shown}, headers=ORIGIN)


def inside(client: Any) -> bool:
    """Tell whether a page opens for which the gateway looks at its table of sessions."""
    return bool(client.get("/portal/factors").status_code == 200)
