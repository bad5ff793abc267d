"""How trouble would travel: shocks to firms, industries and regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from smecredit.answers import Purpose, ShockAnswer
from smecredit.client.calls import Calls, moments


class Shocks(Calls):
    """Shocks, followed through the files that are open to this client."""

    def shock(
        self,
        hit: Mapping[str, Any],
        *,
        severity: float = 1.0,
        kind: str = "linear",
        exposures: Sequence[Mapping[str, Any]] = (),
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "credit-monitoring",
    ) -> ShockAnswer:
        """Return what a shock would do to the firms whose files are open, and to a book of exposures.

        `hit` names one of `enterprises` (a list), `industry`, `region`. An exposure is `enterprise`, `exposure_fen`,
        `lgd`, and the `pd` that you hold.
        """
        value = {
            "shock": dict(hit),
            "severity": severity,
            "kind": kind,
            "exposures": [dict(each) for each in exposures],
            **moments(as_of, known_at),
        }
        answer = self._wire.call("POST", "/v1/shocks", value=value, headers={"Purpose": purpose})
        return cast("ShockAnswer", answer.json())
