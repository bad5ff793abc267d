"""One entry of a ledger: what is public in it, and what only those whom it concerns can tell.

The leaf is canonical JSON (RFC 8785). Whom it concerns, who acted, and to whom something was given stand in it as
salted digests. With the salt, kept beside the leaf, they can be shown; once the salt is erased nobody can, and every
proof still holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import rfc8785

# 1 knew subject and actor only; such entries stay as they are.
FORM = 2
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened. `facts` are public for ever: ids and purposes, nothing by which anybody is known.

    What another can compute or knows already, like a digest of features, tells whose an entry is: it is `sealed`, and
    stands among the facts as a salted digest.
    """

    kind: str
    subject: str | None
    actor: str | None
    facts: Mapping[str, Any]
    sealed: Mapping[str, str | None] = field(default_factory=dict)
    # To whom something was given or from whom it was taken: the other side of a consent.
    grantee: str | None = None


def written(entry: Entry, at: datetime, salt: bytes) -> bytes:
    """Return an entry's leaf.

    >>> written(Entry("consent-given", "local:E1", None, {"consent": "con_1"}), datetime(2026, 1, 1, tzinfo=UTC), b"s")
    b'{"actor":null,"at":"2026-01-01T00:00:00.000000Z","facts":{"consent":"con_1"},"grantee":null,"kind":"consent-given","subject":...
    """
    facts = {**entry.facts, **{name: hidden(value, salt) for name, value in entry.sealed.items()}}
    return _canonical(
        {
            "v": FORM,
            "kind": entry.kind,
            "at": at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
            "subject": hidden(entry.subject, salt),
            "actor": hidden(entry.actor, salt),
            "grantee": hidden(entry.grantee, salt),
            "facts": facts,
        },
        plain=all(name.isascii() and (value is None or type(value) is str) for name, value in facts.items()),
    )


def _canonical(document: dict[str, Any], *, plain: bool) -> bytes:
    """Return canonical JSON; orjson writes the same where names are ASCII and values text or nothing.

    (RFC 8785 differs from it in numbers and in the order of names beyond ASCII; a score writes two leaves, and this is
    0.3 µs of each instead of 18.)
    """
    if plain:
        with suppress(orjson.JSONEncodeError):  # half a surrogate pair: refused below in the canonical writer's words
            return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return rfc8785.dumps(document)


def hidden(name: str | None, salt: bytes) -> str | None:
    """Return the digest by which a leaf names somebody or holds what is sealed: SHA-256 of salt and text, in hex."""
    return None if name is None else hashlib.sha256(salt + name.encode()).hexdigest()
