"""The gateway's tokens: ES256, five minutes, signed with a key file that is made at the first start."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.core.errors import Invalid
from chassis.core.identity import AUDIENCE, ISSUER, Caller

ALGORITHM = "ES256"
NEXT = "# published, signs after the next rotation\n"
LIFE_SECONDS = 300
# How tokens name what a person has shown beside the password (RFC 8176); it has no word for a recovery code.
METHODS = {"passkey": ("pop", "user", "mfa"), "totp": ("otp", "mfa"), "recovery": ("mfa",)}
PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with its first key and publishes all of them, so that a rotated key is honoured until its tokens end."""

    keys: tuple[ECKey, ...]

    def issue(
        self,
        caller: Caller,
        key_id: str,
        now: float,
        audience: str = AUDIENCE,
        bound: str | None = None,
        factor: str | None = None,
    ) -> str:
        """Return a token for `caller`; its id names the API key it came from, so that the key can end it.

        `audience` is the whole suite, or the one service that will take it; `bound` the thumbprint of the key that
        whoever brings it has to prove (RFC 9449 section 6); `factor` what a person has shown beside the password.
        """
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": audience,
            "sub": caller.client,
            "role": caller.role,
            "scope": " ".join(sorted(caller.scopes)),
            "iat": int(now),
            "exp": int(now) + LIFE_SECONDS,
            "jti": f"{key_id}.{secrets.token_hex(8)}",
        }
        optional = {"ent": caller.enterprise, "act": caller.actor, "sid": caller.sid, "per": caller.per}
        claims |= {name: value for name, value in {**optional, "name": caller.name}.items() if value}
        if bound:
            claims["cnf"] = {"jkt": bound}
        if caller.per:
            claims["amr"] = ["pwd", *METHODS.get(factor or "", ())]
        key = self.keys[0]
        return jwt.encode(
            {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": "JWT"}, claims, key, algorithms=[ALGORITHM]
        )

    def jwks(self) -> dict[str, Any]:
        """Return the public keys (RFC 7517)."""
        return {"keys": [_public(key) for key in self.keys]}

    def key_set(self) -> KeySet:
        """Return the public keys for a `Verifier`."""
        return KeySet.import_key_set(self.jwks())  # type: ignore[arg-type]


def signer(path: Path) -> Signer:
    """Return the signer of the key file, making the file (mode 0600) where there is none.

    The file holds one or more PEM private keys, the newest first. It is linked into place whole, so that of two
    processes that start at once one makes it and both use it.
    """
    if not path.exists():
        _write(path, _new_pem(), replace=False)
    return Signer(tuple(ECKey.import_key(pem) for pem in _pems(path)))


def prepare(path: Path) -> None:
    """Publish the key that will sign next, behind the one that signs now; what was prepared before is replaced."""
    _write(path, _pems(path)[0] + NEXT + _new_pem(), replace=True)


def rotate(path: Path) -> None:
    """Sign with the prepared key and keep the one before it, for the tokens that are still out.

    Raises `Invalid` where none was prepared: a key that signs before it is published would be refused everywhere.
    """
    if NEXT not in path.read_text():
        raise Invalid("No key has been published to sign next: run it with --prepare first, and restart the gateway.")
    now, following = _pems(path)
    _write(path, following + now, replace=True)


def _new_pem() -> str:
    return ECKey.generate_key("P-256").as_pem(private=True).decode()


def _pems(path: Path) -> list[str]:
    return PEM.findall(path.read_text())


def _write(path: Path, text: str, *, replace: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # created with mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(text)
    if replace:
        Path(name).replace(path)
        return
    try:
        path.hardlink_to(name)
    except FileExistsError:
        pass  # another process was first: its key is as good
    finally:
        Path(name).unlink()


def _public(key: ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
