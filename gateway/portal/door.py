"""What the portal needs from the gateway: sign somebody in, and call the services in that name.

The pages know no key, no token and no address of a service. The gateway gives one `Door`; the tests give one that
answers from files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chassis.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in: the client, its role, its own firm if it is one, and what proved it.

    A person has a session and a pseudonym; who came with an API key has the key's public part instead.
    """

    client: str
    key: str
    role: str
    enterprise: str | None = None
    session: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's answer: the status and the parsed JSON, or None where it sent no JSON."""

    status: int
    data: Any = None


class Door(Protocol):
    """The way into the suite for one signed-in visitor."""

    def sign_in(self, api_key: str) -> Visitor:
        """Return whose key this is; raise `Unauthenticated` for a key that is unknown or revoked."""

    def sign_in_person(self, login: str, password: str) -> Visitor:
        """Return a person with a new session; raise `Unauthenticated`, `TooManyRequests`."""

    def accept_invitation(self, code: str, password: str) -> Visitor:
        """Take an invitation up; raise `Unauthenticated`, `TooManyRequests`, `Invalid` for a weak password."""

    def change_password(self, visitor: Visitor, current: str, new: str) -> Visitor:
        """End all of a person's sessions and return a new one; raise as `accept_invitation` does."""

    def sign_out(self, visitor: Visitor) -> None:
        """End a person's session in every process."""

    def call(
        self,
        visitor: Visitor,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call a public route (`/enterprises/…`, without `/v1`) as the visitor.

        An answer of any status is returned, a problem included. Raises `Unauthenticated` where the visitor's key has
        been revoked since, `UpstreamUnavailable` where the service does not answer.
        """


class Problem(Refused):
    """A service refused; carries its problem document."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(str(document.get("detail") or document.get("title") or f"HTTP {status}"))
        self.status = status
        self.document = document

    @property
    def slug(self) -> str:
        """Return the last part of the problem's type: `consent-required`."""
        return str(self.document.get("type", "")).rsplit("/", 1)[-1]
