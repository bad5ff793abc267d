"""Rings of invoices: those of one firm, and those of all firms whose files are open."""

from __future__ import annotations

from datetime import date, datetime

from smecredit.answers import Purpose, RingList, Rings
from smecredit.client.calls import Calls, iso, segment


class Circles(Calls):
    """Rings of invoices (循环开票), each hop shown where the file of one of its firms is open to this client."""

    def rings(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Rings:
        """Return the rings that a firm is on, each as its chain of invoices."""
        path = f"/v1/enterprises/{segment(enterprise)}/rings"
        return self._get(Rings, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))

    def ring_list(
        self, *, as_of: date | None = None, known_at: datetime | None = None, purpose: Purpose = "credit-assessment"
    ) -> RingList:
        """Return the rings with any firm whose file is open to this client; each of these files finds the read."""
        return self._get(RingList, "/v1/rings", purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))
