"""An application for financing: its states, who may move it, and what must be said with each move.

One application is one enterprise's wish for one product; a dossier holds those that were handed in together. The
applicant is the enterprise itself or a platform for it; the bank is the one that published the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from chassis.core.errors import Conflict, Forbidden, Invalid, NotFound
from services.matching.domain.facts import Need


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
class LoanTerms:
    """What a bank offers; `rate` a year."""

    amount_fen: int
    months: int
    rate: float


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said with a move: a reason to decline or default, terms to offer."""

    reason: str | None = None
    terms: LoanTerms | None = None


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


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of move: who may make it, from where to where, and what must come with it."""

    by: Party
    before: frozenset[State]
    after: State
    reason: bool = False  # a reason in words is needed
    terms: bool = False  # amount, months and rate are needed


def _event(by: Party, before: tuple[State, ...], after: State, *, reason: bool = False, terms: bool = False) -> Event:
    return Event(by, frozenset(before), after, reason, terms)


EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        "submit": _event(Party.APPLICANT, (State.DRAFT,), State.SUBMITTED),
        "review": _event(Party.BANK, (State.SUBMITTED,), State.REVIEW),
        "offer": _event(Party.BANK, (State.SUBMITTED, State.REVIEW, State.OFFERED), State.OFFERED, terms=True),
        "decline": _event(Party.BANK, (State.SUBMITTED, State.REVIEW, State.OFFERED), State.DECLINED, reason=True),
        "accept": _event(Party.APPLICANT, (State.OFFERED,), State.ACCEPTED),
        "withdraw": _event(
            Party.APPLICANT,
            (State.DRAFT, State.SUBMITTED, State.REVIEW, State.OFFERED, State.ACCEPTED),
            State.WITHDRAWN,
        ),
        "disburse": _event(Party.BANK, (State.ACCEPTED,), State.DISBURSED),
        "repay": _event(Party.BANK, (State.DISBURSED,), State.REPAID),
        "default": _event(Party.BANK, (State.DISBURSED,), State.DEFAULTED, reason=True),
    }
)
# Nothing follows these; the enterprise may apply for the product anew.
ENDED = frozenset({State.DECLINED, State.WITHDRAWN, State.REPAID, State.DEFAULTED})
# What a lender learns of the borrower, and what it means for a model (was it in default?).
OUTCOMES: Mapping[State, bool] = MappingProxyType({State.REPAID: False, State.DEFAULTED: True})


class ApplicationNotFound(NotFound):
    """No such application among those that the caller is a party of."""


class UnknownEvent(NotFound):
    """No such move."""


class NotYourMove(Forbidden):
    """The other party makes this move."""


class MoveImpossible(Conflict):
    """The application does not stand where this move begins."""


class MoveIncomplete(Invalid):
    """The move needs words or terms that did not come with it."""


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
    if event.reason and not statement.reason:
        raise MoveIncomplete(f"To {name} needs a reason that the applicant can read.", field="reason")
    if event.terms and not statement.terms:
        raise MoveIncomplete("An offer needs terms: amount_fen, months and rate.", field="terms")
    return event.after


def possible_moves(state: State, by: Party) -> list[str]:
    """Return what a party may do now."""
    return [name for name, event in EVENTS.items() if event.by is by and state in event.before]
