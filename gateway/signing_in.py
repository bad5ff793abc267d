"""What the two steps of signing in are told by: values that the register, the door and the pages share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from chassis.core.errors import Invalid, Unauthenticated

PASSKEY, TOTP, RECOVERY, PASSWORD = "passkey", "totp", "recovery", "password"
# What proves that a person is there: a passkey's signature, the code of an app, a recovery code; the password where a
# person has no second factor.
Kind = Literal["passkey", "totp", "recovery", "password"]
KINDS: dict[str, Kind] = {"passkey": "passkey", "totp": "totp", "recovery": "recovery", "password": "password"}
# How long after a proof factors may be added and removed, and how long the first step waits for the second.
FRESH_FOR, STEP_FOR = timedelta(minutes=10), timedelta(minutes=10)

CHANGES = frozenset({"added", "removed", "codes", "reset"})


class NotProven(Unauthenticated):
    """What was shown as a second factor proves nothing; the step or the session stands as before."""


@dataclass(frozen=True, slots=True)
class Step:
    """The first of two steps of signing in, taken by a right password.

    It opens the page of the second step, or that of the first factor for who must have one, and nothing else: whatever
    needs a visitor cannot be given this.
    """

    id: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows to prove to be there: the browser's answer of a passkey as JSON, else what was typed."""

    kind: Kind
    text: str


def shown_by(kind: str, text: str) -> Shown:
    """Return what was shown; raise `Invalid` for a way that there is not."""
    if kind not in KINDS:
        raise Invalid("Choose one of the ways that the page offers.")
    return Shown(KINDS[kind], text)


@dataclass(frozen=True, slots=True)
class Ways:
    """By what a person can prove to be there; `passkey` is what the browser is to be asked, as JSON.

    `must_add` says that they have no second factor and cannot go on without adding one.
    """

    passkey: str | None = None
    totp: bool = False
    recovery: int = 0
    password: bool = False
    must_add: bool = False
    passkeys_offered: bool = False


@dataclass(frozen=True, slots=True)
class NewTotp:
    """The secret of an app that is being added: as text, as the address that apps read, and sealed for the form."""

    secret: str
    address: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor of a person."""

    id: str
    kind: Kind
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a person's factors; `new` where they have not acknowledged it.

    A `change` is one of what they have, and not a use or a refusal.
    """

    id: str
    kind: str
    factor: str | None
    name: str | None
    at: datetime
    new: bool

    @property
    def change(self) -> bool:
        """Whether what the person has was changed."""
        return self.kind in CHANGES


@dataclass(frozen=True, slots=True)
class Overview:
    """A person's factors and what happened to them, the newest first.

    `fresh` says that they have just proved to be there, and may change them.
    """

    factors: Sequence[Factor]
    recovery: int
    required: bool
    fresh: bool
    passkeys_offered: bool
    events: Sequence[Event]
