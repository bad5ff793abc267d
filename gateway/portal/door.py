"""What the portal needs from the gateway: sign somebody in, and call the services in that name.

The pages know no key, no token and no address of a service. The gateway gives one `Door`; the tests give one that
answers from files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from chassis.core.errors import Refused
from gateway.door.visitor import Answer, Ask, Visitor


class Door(Protocol):
    """The way into the suite for one signed-in visitor."""

    def sign_in(self, api_key: str) -> Visitor:
        """Return whose key this is; raise `Unauthenticated` for an unknown or revoked key.

        Raises `Forbidden` for a right one of a role whose keys open no page.
        """

    def sign_in_person(self, login: str, password: str, device: str = "") -> Visitor:
        """Return a person with a new session; raise `Unauthenticated`, `TooManyRequests`."""

    def device_of(self, login: str, device: str) -> str:
        """Return what a device keeps to be known as one of this login's."""

    def accept_invitation(self, code: str, password: str) -> Visitor:
        """Take an invitation up; raise `Unauthenticated`, `TooManyRequests`, `Invalid` for a weak password."""

    def change_password(self, visitor: Visitor, current: str, new: str) -> Visitor:
        """End all of a person's sessions and return a new one; raise as `accept_invitation` does."""

    def sign_out(self, visitor: Visitor) -> None:
        """End a session in every process."""

    def call(self, visitor: Visitor, ask: Ask) -> Answer:
        """Ask a public route as the visitor.

        An answer of any status is returned, a problem included. Raises `Unauthenticated` where the visitor's key has
        been revoked since, `UpstreamUnavailable` where the service does not answer.
        """


class ServiceProblem(Refused):
    """A service refused; carries its problem document."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(str(document.get("detail") or document.get("title") or f"HTTP {status}"))
        self.status = status
        self.document = document

    @property
    def slug(self) -> str:
        """The last part of the problem's type: `consent-required`."""
        return str(self.document.get("type", "")).rsplit("/", 1)[-1]
