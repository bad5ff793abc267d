"""The key under which persons, addresses and phones are hashed: from the settings, else made once and kept."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from chassis.core.disk import fsync
from services.profile.settings import Settings

KEY_FILE = "party.key"
KEY_BYTES = 32


def party_key(settings: Settings) -> bytes:
    """Return the key; two processes that start at once get the same, which outlives a power cut."""
    if settings.party_key:
        return settings.party_key.encode()
    path = settings.home / KEY_FILE
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(KEY_BYTES).encode())
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where the key is there already, so the first one made stays.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    fsync(path.parent)
