"""What every use case of the profile service may reach: made once by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from chassis.core.engine import Engine
from chassis.core.moments import day_of
from chassis.core.signing import Signer, signer_of
from chassis.data.database import Database
from chassis.data.files import Files
from services.profile.book.lake import Lake
from services.profile.settings import Settings


def utc_now() -> datetime:
    """Return the present moment; a test gives another clock."""
    return datetime.now(UTC)


class AlertLog(Protocol):
    """The log of alerts, as acts on a file need it; the wing `watch` keeps it."""

    def withdraw(self, session: Session, enterprise: str, numbers: Collection[str], now: datetime) -> None:
        """Withdraw every alert that rests on these public records of an enterprise alone."""

    def forget(self, session: Session, before: datetime) -> None:
        """Erase the alerts that were withdrawn before a moment."""


class PeerMaker(Protocol):
    """Whoever sees to it that the figures of peers are there; the wing `portrait` has one for each kind of process."""

    def changed(self, session: Session, within: float | None = None) -> None:
        """Note, in the transaction that moves the book on, that peers may have changed; they are seen to `within`."""

    def see_to(self, context: Context, day: date, known_at: datetime) -> None:
        """See to it that there are finished peers of a month's end that may be read at a moment; else refuse."""


@dataclass(frozen=True, slots=True)
class Context:
    """The service's collaborators; `lakes` has a table for each kind of data, `lake` is that of invoices.

    `uploads` are the files as received, and what is said of their rejected rows.
    `engine` does units of work, a bucket each, in processes of its own or on other machines.
    """

    settings: Settings
    database: Database
    lakes: Mapping[str, Lake]
    alerts: AlertLog
    peers: PeerMaker
    uploads: Files
    engine: Engine
    now: Callable[[], datetime] = field(default=utc_now)

    def today(self) -> date:
        """Return the present day in China: the one that everything here counts by."""
        return day_of(self.now())

    @property
    def ledger_signer(self) -> Signer:
        """The signer of the ledger's checkpoints."""
        return signer_of(self.settings.ledger_keys, self.settings.ledger_key_file)

    @property
    def lake(self) -> Lake:
        """The invoices."""
        return self.lakes["invoices"]
