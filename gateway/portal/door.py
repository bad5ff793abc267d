"""What the portal needs from the gateway: sign somebody in, by one step or two, and call the services in that name.

The pages know no key, no token and no address of a service. The gateway gives one `Door`; the tests give one that
answers from files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chassis.core.errors import Refused
from gateway.door.visitor import Answer, Ask, Visitor
from gateway.signing_in import NewTotp, Overview, Shown, Step, Ways


class Door(Protocol):
    """The way into the suite for one signed-in visitor."""

    def sign_in(self, api_key: str) -> Visitor:
        """Return whose key this is; raise `Unauthenticated` for an unknown or revoked key.

        Raises `Forbidden` for a right one of a role whose keys open no page.
        """

    def sign_in_person(self, login: str, password: str, device: str = "") -> Visitor | Step:
        """Return a person with a new session, or the step before it; raise `Unauthenticated`, `TooManyRequests`."""

    def device_of(self, login: str, device: str) -> str:
        """Return what a device keeps to be known as one of this login's."""

    def accept_invitation(self, code: str, password: str) -> Visitor | Step:
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


class SecondDoor(Protocol):
    """The second factors of who is signing in or signed in.

    All raise `Unauthenticated` where the step or the session has ended, `Forbidden` where what is asked needs a fresh
    proof, and `NotProven` for what proves nothing.
    """

    def ways(self, here: Visitor | Step) -> Ways:
        """Return by what somebody can prove to be there."""

    def complete(self, step: Step, shown: Shown) -> Visitor:
        """Take the second step."""

    def untold(self, here: Visitor) -> bool:
        """Tell whether something happened in other sessions that a person has not acknowledged."""

    def acknowledge(self, here: Visitor, events: Sequence[str]) -> None:
        """Note that a person knows of events, by their ids; those of this session stay as they are."""

    def fresh(self, here: Visitor) -> bool:
        """Tell whether a person has just proved to be there."""

    def confirm(self, here: Visitor, shown: Shown) -> None:
        """Prove again to be there; raise `TooManyRequests` as `complete` does."""

    def overview(self, here: Visitor) -> Overview:
        """Return a person's factors and what happened to them."""

    def begin_totp(self, here: Visitor | Step) -> NewTotp:
        """Return the secret of an app to be added; raise `Conflict` for a second one."""

    def same_totp(self, here: Visitor | Step, box: str) -> NewTotp:
        """Return the secret that a form has brought back; raise `Invalid` for another's."""

    def add_totp(self, here: Visitor | Step, box: str, typed: str) -> tuple[Visitor | None, list[str]]:
        """Add an app; return who is signed in by it, where that was a step, and recovery codes with a first factor."""

    def begin_passkey(self, here: Visitor | Step) -> str:
        """Return what a browser is asked in order to make a passkey, as JSON; raise `Conflict` where none are."""

    def add_passkey(self, here: Visitor | Step, answer: str, name: str) -> tuple[Visitor | None, list[str]]:
        """Add a passkey; return as `add_totp` does."""

    def remove(self, here: Visitor, factor: str) -> None:
        """Remove a factor; raise `Conflict` for the last of who must have one."""

    def renew_codes(self, here: Visitor) -> list[str]:
        """Return new recovery codes; those of before end."""


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
