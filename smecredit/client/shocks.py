"""How trouble would travel: shocks to firms, industries and regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from smecredit.answers import Exposures, PartnerShifts, Purpose, ShockAnswer, ShockOrdered
from smecredit.client.calls import Calls, OnProgress, iso, moments, segment

ACCEPTED = 202


class Shocks(Calls):
    """Shocks, followed through the files that are open to this client."""

    def shock(  # noqa: PLR0913 -- what a shock is, all but whom it hits by name
        self,
        hit: Mapping[str, Any],
        *,
        severity: float = 1.0,
        kind: str = "linear",
        exposures: Sequence[Mapping[str, Any]] = (),
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-monitoring",
        on_progress: OnProgress | None = None,
    ) -> ShockAnswer:
        """Return what a shock would do to the firms whose files are open, and to a book of exposures.

        `hit` names one of `enterprises` (a list), `industry`, `region`. An exposure is `enterprise`, `exposure_fen`,
        `lgd`, and the `pd` that you hold. Of more than 2,000 files the suite makes a job, which is waited for.
        """
        value = {
            "shock": dict(hit),
            "severity": severity,
            "kind": kind,
            "exposures": [dict(each) for each in exposures],
            **moments(as_of, known_at),
        }
        answer = self._wire.call("POST", "/v1/shocks", value=value, headers={"Purpose": purpose})
        said = answer.json()
        if answer.status != ACCEPTED:
            return cast("ShockAnswer", said)
        done = self._finished(ShockOrdered, f"/v1/shocks/{segment(said['id'])}", on_progress)
        return cast("ShockAnswer", done["result"])

    def exposures(self) -> Exposures:
        """Return your book of exposures as you stated it."""
        return self._get(Exposures, "/v1/exposures")

    def state_exposures(
        self, exposures: Sequence[Mapping[str, Any]], *, threshold_fen: int, replaces: int | None = None
    ) -> Exposures:
        """State your book of exposures in the place of the one before; a rise of its loss by the threshold is an alert.

        `replaces` is the version that you read: where there is a newer one, nothing is set and `Problem` raised.
        """
        headers = {} if replaces is None else {"If-Match": f'"{replaces}"'}
        value = {"threshold_fen": threshold_fen, "exposures": [dict(each) for each in exposures]}
        return cast("Exposures", self._wire.call("PUT", "/v1/exposures", value=value, headers=headers).json())

    def partner_shifts(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-monitoring",
    ) -> PartnerShifts:
        """Return which of its partners would lower a firm's risk, as its own file tells."""
        path = f"/v1/enterprises/{segment(enterprise)}/partner-shifts"
        return self._get(PartnerShifts, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))
