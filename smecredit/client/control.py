"""Who owns and controls an enterprise, and the group that it belongs to."""

from __future__ import annotations

from datetime import date, datetime

from smecredit.answers import ControlGroup, Controllers, Purpose
from smecredit.client.calls import Calls, Json, iso, segment


class Control(Calls):
    """Ownership and control: ties of other firms' files are followed where these are open to this client too."""

    def controllers(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> Controllers:
        """Return who owns and controls a firm, directly and through others."""
        path = f"/v1/enterprises/{segment(enterprise)}/controllers"
        return self._get(Controllers, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))

    def bods(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> list[Json]:
        """Return a firm's owners and controllers as statements of BODS 0.4; persons are keyed hashes."""
        path = f"/v1/enterprises/{segment(enterprise)}/relations.bods"
        return self._get(list[Json], path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))

    def control_group(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-assessment",
    ) -> ControlGroup:
        """Return a firm's control group with the path that ties each member, and its close links."""
        path = f"/v1/enterprises/{segment(enterprise)}/group"
        return self._get(ControlGroup, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))
