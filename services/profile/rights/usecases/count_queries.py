"""How often a firm's credit was asked about: what one early-warning signal counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from chassis.data.database import Runner
from services.profile.rights import consent_store
from services.profile.rights.domain.consent import Purpose


def hard_queries(
    runner: Runner, enterprises: Sequence[str], since: datetime, until: datetime
) -> set[tuple[str, str, date]]:
    """Return the reads for assessment, which count as queries on a firm's credit: whose, by whom, on which day."""
    return consent_store.reads_for(runner, Purpose.ASSESSMENT, enterprises, since, until)
