"""What every use case of the profile service may reach: made once by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from chassis.core.signing import Signer, signer_of
from chassis.data.database import Database
from services.profile.lake import Lake
from services.profile.settings import Settings


def utc_now() -> datetime:
    """Return the present moment; a test gives another clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """The service's collaborators; `lakes` has a table for each kind of data, `lake` is that of invoices."""

    settings: Settings
    database: Database
    lakes: Mapping[str, Lake]
    now: Callable[[], datetime] = field(default=utc_now)

    @property
    def ledger_signer(self) -> Signer:
        """Signs the checkpoints of the ledger."""
        return signer_of(self.settings.ledger_keys, self.settings.ledger_key_file)

    @property
    def lake(self) -> Lake:
        """The invoices."""
        return self.lakes["invoices"]


def context() -> Context:
    """Return the collaborators of the running application."""
    return cast("Context", current_app.extensions["context"])
