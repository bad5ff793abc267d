"""An application for financing: its states, who may move it, and what is said with each move.

One application is one enterprise's wish for one product; a dossier holds those that were handed in together. The
applicant is the enterprise itself or a platform for it; the bank is the one that published the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from chassis.core.errors import Conflict, Forbidden, Invalid, NotFound
from services.matching.domain.facts import Need
from services.matching.domain.loan_offer import LoanTerms


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEW = "under-review"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    DISBURSED = "disbursed"
    REPAID = "repaid"
    DEFAULTED = "defaulted"


class Party(StrEnum):
    """Who moves an application."""

    APPLICANT = "applicant"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said with a move: a reason; terms to offer and their last day; the offer accepted; what was drawn."""

    reason: str | None = None
    terms: LoanTerms | None = None
    expires_on: date | None = None
    offer: int | None = None
    drawn_fen: int | None = None

    @property
    def members(self) -> set[str]:
        """What was said, by name."""
        return {name for name in self.__slots__ if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper by reference: what it is, and the digest of its content; the content stays with the enterprise."""

    name: str
    sha256: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Dossier:
    """What one enterprise hands in: its need, its papers by reference, and the products it wants."""

    enterprise: str
    products: tuple[str, ...]
    need: Need
    documents: tuple[Paper, ...]
    draft: bool = False
    match: str | None = None  # the match that it came from


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of move: who may make it, from where to where, what must be said with it and what may be.

    A reason may always be given. Nothing else is said with a move that does not take it: terms are agreed by an offer
    and its acceptance, and by nothing beside.
    """

    by: Party
    before: frozenset[State]
    after: State
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


def _event(by: Party, before: tuple[State, ...], after: State, needs: str = "", takes: str = "") -> Event:
    needed = frozenset(needs.split())
    return Event(by, frozenset(before), after, needed, needed | frozenset(takes.split()) | {"reason"})


ACCEPT = "accept"
OPEN_TO_BANK = (State.SUBMITTED, State.REVIEW, State.OFFERED)
EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        "submit": _event(Party.APPLICANT, (State.DRAFT,), State.SUBMITTED),
        "review": _event(Party.BANK, (State.SUBMITTED,), State.REVIEW),
        "offer": _event(Party.BANK, OPEN_TO_BANK, State.OFFERED, needs="terms", takes="expires_on"),
        "decline": _event(Party.BANK, OPEN_TO_BANK, State.DECLINED, needs="reason"),
        ACCEPT: _event(Party.APPLICANT, (State.OFFERED,), State.ACCEPTED, needs="offer"),
        "withdraw": _event(Party.APPLICANT, (State.DRAFT, *OPEN_TO_BANK, State.ACCEPTED), State.WITHDRAWN),
        "disburse": _event(Party.BANK, (State.ACCEPTED,), State.DISBURSED, needs="drawn_fen"),
        "repay": _event(Party.BANK, (State.DISBURSED,), State.REPAID),
        "default": _event(Party.BANK, (State.DISBURSED,), State.DEFAULTED, needs="reason"),
    }
)
# Nothing follows these; the enterprise may apply for the product anew.
ENDED = frozenset({State.DECLINED, State.WITHDRAWN, State.REPAID, State.DEFAULTED})
# What a lender learns of the borrower, and what it means for a model (was it in default?).
OUTCOMES: Mapping[State, bool] = MappingProxyType({State.REPAID: False, State.DEFAULTED: True})


class ApplicationNotFound(NotFound):
    """No such application among those that the caller is a party of."""


class ApplicationOpen(Conflict):
    """The enterprise has another application for the product under way."""


class MatchPassed(Conflict):
    """The match that a dossier came from answered another version of the product than the one in force."""


class UnknownEvent(NotFound):
    """No such move."""


class NotYourMove(Forbidden):
    """The other party makes this move."""


class MoveImpossible(Conflict):
    """The application does not stand where this move begins."""


class MoveIncomplete(Invalid):
    """The move needs what did not come with it."""


class MoveOverstated(Invalid):
    """Something was said that this move does not take, such as terms with an acceptance."""


NEEDED = {
    "reason": "a reason that the applicant can read",
    "terms": "terms: amount_fen, months and rate",
    "offer": "the number of the offer that is accepted",
    "drawn_fen": "drawn_fen: what was paid out",
}


def move(state: State, name: str, by: Party, statement: Statement) -> State:
    """Return where an application stands after a move; raise what forbids it."""
    event = EVENTS.get(name)
    if event is None:
        raise UnknownEvent(f"There is no move {name[:40]}; there are {', '.join(EVENTS)}.", event=name[:40])
    if by is not event.by:
        raise NotYourMove(f"Only the {event.by} can {name}.", event=name)
    if state not in event.before:
        possible = ", ".join(possible_moves(state, by)) or "none"
        raise MoveImpossible(f"The application is {state}; your moves now: {possible}.", state=state, event=name)
    said = statement.members
    for member in sorted(said - event.takes):
        raise MoveOverstated(f"{member} does not belong to {name}; nothing was done.", field=member, event=name)
    for member in sorted(event.needs - said):
        raise MoveIncomplete(f"To {name} needs {NEEDED[member]}.", field=member, event=name)
    return event.after


def possible_moves(state: State, by: Party, *, offer_expired: bool = False) -> list[str]:
    """Return what a party may do now; an offer whose last day is over cannot be accepted."""
    moves = [name for name, event in EVENTS.items() if event.by is by and state in event.before]
    return [name for name in moves if not (name == ACCEPT and offer_expired)]
