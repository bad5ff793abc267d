"""Counting the reads that are left of consents that limit them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import ceil

from sqlalchemy import Connection

from chassis.core.moments import day_of
from services.profile.rights import consent_store
from services.profile.rights.domain.consent import Consent, Period, ReadsUsedUp


class Reads:
    """How many reads are left of those consents that limit them; all are left where none is counted.

    `held` tells that others who count reads wait until this transaction ends.
    """

    def __init__(self, connection: Connection, consents: Iterable[Consent], now: datetime) -> None:
        self._now = now
        limited = {each.id: each.limits for each in consents if each.limits}
        self._left: dict[tuple[str, Period], int] = {}
        consent_store.hold(connection, list(limited))
        self.held = bool(limited)
        for period in Period:
            limits = {name: each[period] for name, each in limited.items() if period in each}
            made = consent_store.reads_since(connection, list(limits), period.start(self._now)) if limits else {}
            self._left |= {(name, period): most - made.get(name, 0) for name, most in limits.items()}

    def take(self, consents: Iterable[Consent]) -> Consent | None:
        """Return the first consent with a read left, which is then used; None where none has."""
        if not self._left:
            return next(iter(consents), None)
        for consent in consents:
            if not self.gone(consent):
                for period in consent.limits:
                    if (consent.id, period) in self._left:
                        self._left[consent.id, period] -= 1
                return consent
        return None

    def used_up(self, consents: Iterable[Consent]) -> ReadsUsedUp:
        """Return the refusal where none of these has a read left: until when, and by which limit."""
        # A consent waits for the longest of its periods that are used up; the reader for the first consent.
        waits = [(max(self.gone(each), key=lambda period: period.end(self._now)), each) for each in consents]
        period, first = min(waits, key=lambda wait: wait[0].end(self._now))
        most, possible = first.limits[period], period.end(self._now)
        return ReadsUsedUp(
            f"The enterprise allows {most} reads a {period}, and they were made; the next one is possible from "
            f"{day_of(possible)}, a day of China.",
            **{f"most_reads_a_{period}": most},
            retry_after=ceil((possible - self._now).total_seconds()),
        )

    def gone(self, consent: Consent) -> list[Period]:
        """Return the periods in which a consent has no read left."""
        return [period for period in consent.limits if self._left.get((consent.id, period), 1) <= 0]
