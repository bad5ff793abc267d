"""Secrets that are needed again and must not be read from a database or its backup: sealed with a key kept elsewhere.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; a seal holds for the row it was made for and no other.
The seal names its key, so that a new key can be put before the others and all seals be made anew one by one.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.core.disk import fsync
from chassis.core.signing import KEY_BYTES, kept

PREFIX = "sealed:1:"
NONCE_BYTES = 12


class SealBroken(Exception):
    """What was sealed cannot be opened: another key, another row, or changed since."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals with its first key and opens with all.

    Keys are those given (hex, 32 bytes each), else those of the file, which is made at the first use. The file is read
    each time, so that a key that is put into it counts at once in every process.
    """

    given: tuple[str, ...] = field(repr=False)
    file: Path

    def seal(self, text: str, bound_to: str) -> str:
        """Return the seal of a text for the row `bound_to`.

        >>> sealer = Sealer(("00" * 32,), Path("unused"))
        >>> sealer.open(sealer.seal("a secret", "hook_1"), "hook_1")
        'a secret'
        """
        key = self._keys()[0]
        nonce = secrets.token_bytes(NONCE_BYTES)
        box = nonce + AESGCM(key).encrypt(nonce, text.encode(), bound_to.encode())
        return f"{PREFIX}{_id(key)}:{base64.urlsafe_b64encode(box).decode()}"

    def open(self, sealed: str, bound_to: str) -> str:
        """Return what was sealed for the row `bound_to`; raise `SealBroken`."""
        key_id, _, text = sealed.removeprefix(PREFIX).partition(":")
        key = next((each for each in self._keys() if _id(each) == key_id), None)
        if not sealed.startswith(PREFIX) or key is None:
            raise SealBroken("none of the keys made this seal")
        try:
            box = base64.urlsafe_b64decode(text)
            return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], bound_to.encode()).decode()
        except (InvalidTag, ValueError, OverflowError):
            raise SealBroken("the seal is another row's, or was changed") from None

    def opens(self, sealed: str, bound_to: str) -> bool:
        """Tell whether what was sealed for a row can be opened."""
        try:
            self.open(sealed, bound_to)
        except SealBroken:
            return False
        return True

    def is_newest(self, sealed: str) -> bool:
        """Tell whether the key that seals now made this seal."""
        return sealed.startswith(f"{PREFIX}{_id(self._keys()[0])}:")

    @contextmanager
    def changing_keys(self) -> Iterator[None]:
        """Have the keys of the file to oneself for as long as the block lasts: whoever else would change them waits.

        Two new keys at once would leave out a key with which seals were made meanwhile.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def prepare_key(self) -> None:
        """Put a new key before the present one in the file, and leave out those before that.

        The present one stays: what another process seals in this moment can be opened. Seals of keys that are left out
        must have been made anew before, within the same `changing_keys`. When it returns the file outlives a power cut.
        """
        fresh, present = secrets.token_hex(KEY_BYTES), kept(self.file).split()[0]
        handle, name = tempfile.mkstemp(dir=self.file.parent)  # created with mode 0600
        with os.fdopen(handle, "w") as beside:
            beside.write(f"{fresh}\n{present}\n")
            beside.flush()
            os.fsync(beside.fileno())
        Path(name).replace(self.file)
        fsync(self.file.parent)

    def _keys(self) -> list[bytes]:
        return [bytes.fromhex(key) for key in self.given or kept(self.file).split()]


def _id(key: bytes) -> str:
    """Return by what a seal names its key; the key cannot be told from it."""
    return hashlib.sha256(b"smecredit sealing key" + key).hexdigest()[:16]
