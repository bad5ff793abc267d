"""Opening one file at a moment: leave to read it, the record of the read, and which facts count."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.domain.permit import Permit
from services.profile.book.usecases.enrol import known
from services.profile.book.usecases.settle import settle
from services.profile.rights.usecases.open_file import Reading, open_file, reading_transaction
from services.profile.rights.usecases.open_steps import Steps


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One enterprise's file, open as of a day and as known at a time."""

    enterprise: str
    permit: Permit
    facts: Facts

    @property
    def moment(self) -> Moment:
        """The moment with the time named that makes the same answer later."""
        return replace(self.facts.moment, known_at=self.facts.known_at)


def open_step(context: Context, steps: Steps, enterprise: str, asked: Asked) -> OpenFile:
    """Open one file as the first of several steps, and settle which facts count."""
    permit = steps.one(enterprise)
    facts = settle(steps.connection, state_store.book(steps.connection), asked, context.today())
    known(steps.connection, enterprise)
    return OpenFile(enterprise, permit, facts)


def open_at(context: Context, reading: Reading, enterprise: str, asked: Asked) -> OpenFile:
    """Ask for leave to read one file, record it, and settle which facts count."""
    with reading_transaction(context) as connection:
        permit = open_file(context, connection, reading, enterprise)
        facts = settle(connection, state_store.book(connection), asked, context.today())
        known(connection, enterprise)
    return OpenFile(enterprise, permit, facts)
