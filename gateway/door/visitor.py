"""A visitor of the portal, what they ask of a service, and what the service answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in: the client, its role, its own firm if it is one, and what proved it.

    Everybody has a session, which the gateway knows; a person has a pseudonym, who came with an API key has the key's
    public part instead.
    """

    client: str
    key: str
    role: str
    enterprise: str | None = None
    session: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What a visitor asks of a public route (`/enterprises/…`, without `/v1`).

    `purpose` is why another firm's file is read; `key` makes a write that is sent twice count once; `version` is the
    one that a write means to replace, by its number or its ETag; `file` is the body of a route that takes files.
    """

    method: str
    path: str
    json: Any = None
    query: Mapping[str, str | int] | None = None
    purpose: str | None = None
    key: str | None = None
    version: int | str | None = None
    file: bytes | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The purpose, the key and the version as HTTP headers."""
        meant = None if self.version is None else f'"{self.version}"'
        said = (("Purpose", self.purpose), ("Idempotency-Key", self.key), ("If-Match", meant))
        return {name: value for name, value in said if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's answer: the status and the parsed JSON; of what is no JSON, a file, the bytes and what it is."""

    status: int
    data: Any = None
    file: bytes = b""
    kind: str = ""
