"""What the routes of identity work with, in the application that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app

from gateway.identity.authority import Authority
from gateway.identity.issuer import Issuer
from gateway.identity.registry import Clients


class Guard(Protocol):
    """Counts wrong credentials by address, and refuses an address that had too many."""

    def refuse_after_failures(self) -> object:
        """Raise `TooManyRequests` where the address of this request was wrong too often."""

    def note_failure(self) -> None:
        """Count one wrong credential against the address of this request."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The collaborators of the routes, kept in `app.extensions["identity"]`.

    `issuer` says which addresses are ours, to what clients sign.
    """

    authority: Authority
    clients: Clients
    guard: Guard
    issuer: Issuer


def identity() -> Identity:
    """Return what the running application was given for these routes."""
    return cast("Identity", current_app.extensions["identity"])
