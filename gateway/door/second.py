"""The portal's way to second factors: the second step of signing in, and what a person changes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from chassis.core.errors import Forbidden
from gateway.door.admission import Admission
from gateway.door.visitor import Visitor
from gateway.identity.factors.register import Added, SecondFactors
from gateway.identity.sessions import SignedIn
from gateway.signing_in import NewTotp, Overview, Shown, Step, Ways

Person = Visitor | Step


class SecondDoor:
    """Second factors of who is signing in or signed in (`gateway.portal.door.SecondDoor`)."""

    def __init__(self, admission: Admission, factors: SecondFactors) -> None:
        self._admission = admission
        self._factors = factors

    def ways(self, here: Person) -> Ways:
        """Return by what somebody can prove to be there."""
        return self._factors.ways(_by(here))

    def complete(self, step: Step, shown: Shown) -> Visitor:
        """Take the second step."""
        return visitor_of(self._factors.complete(step, shown))

    def untold(self, here: Visitor) -> bool:
        """Tell whether there is something that somebody has to be told."""
        return self._factors.untold(_session(here))

    def acknowledge(self, here: Visitor, events: Sequence[str]) -> None:
        """Note that a person knows of what happened."""
        self._factors.acknowledge(_session(here), events)

    def fresh(self, here: Visitor) -> bool:
        """Tell whether a person has just proved to be there."""
        return self._factors.fresh(_session(here))

    def confirm(self, here: Visitor, shown: Shown) -> None:
        """Prove again to be there."""
        self._factors.confirm(_session(here), shown)

    def overview(self, here: Visitor) -> Overview:
        """Return a person's factors and what happened to them."""
        return self._factors.overview(_session(here))

    def begin_totp(self, here: Person) -> NewTotp:
        """Return the secret of an app to be added."""
        return self._factors.begin_totp(_by(here))

    def same_totp(self, here: Person, box: str) -> NewTotp:
        """Return the secret that a form has brought back."""
        return self._factors.same_totp(_by(here), box)

    def add_totp(self, here: Person, box: str, typed: str) -> tuple[Visitor | None, list[str]]:
        """Add an app; return who is signed in by it, where that was a step, and recovery codes with a first factor."""
        return self._added(self._factors.add_totp(_by(here), box, typed))

    def begin_passkey(self, here: Person) -> str:
        """Return what a browser is asked in order to make a passkey."""
        return self._factors.begin_passkey(_by(here))

    def add_passkey(self, here: Person, answer: str, name: str) -> tuple[Visitor | None, list[str]]:
        """Add a passkey; return as `add_totp` does."""
        return self._added(self._factors.add_passkey(_by(here), answer, name))

    def remove(self, here: Visitor, factor: str) -> None:
        """Remove a factor."""
        self._admission.authority.changed(self._factors.remove(_session(here), factor))

    def renew_codes(self, here: Visitor) -> list[str]:
        """Return new recovery codes; those of before end."""
        return self._factors.renew_codes(_session(here))

    def _added(self, added: Added) -> tuple[Visitor | None, list[str]]:
        self._admission.authority.changed(added.revision)
        return (visitor_of(added.session) if added.session else None), added.codes


@overload
def visitor_of(opened: SignedIn) -> Visitor: ...


@overload
def visitor_of(opened: SignedIn | Step) -> Visitor | Step: ...


def visitor_of(opened: SignedIn | Step) -> Visitor | Step:
    """Return the visitor of a session; a step stays one."""
    if isinstance(opened, Step):
        return opened
    client = opened.client
    return Visitor(client.id, "", client.role, client.enterprise, opened.session, opened.person)


def _by(here: Person) -> Step | str:
    return here if isinstance(here, Step) else _session(here)


def _session(here: Visitor) -> str:
    if here.person is None or here.session is None:
        raise Forbidden("Who came with an API key has no second factor: a key is one that programs have.")
    return here.session
