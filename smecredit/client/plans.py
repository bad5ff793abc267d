"""Plans over many firms: a budget divided, products assigned, each with a proof of how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smecredit.answers import Purpose
from smecredit.client.calls import Calls, Json, OnProgress, segment

PURPOSE: Purpose = "financing-match"


class Plans(Calls):
    """Allocations and assignments of a bank, and the churn curves that they reckon with."""

    def import_churn(self, curves: Sequence[Mapping[str, Any]]) -> Json:
        """Import your bank's churn curves: `[{"grades": [...], "points": [{"rate", "churn"}...]}...]`."""
        return self._post(Json, "/v1/churn-curves", {"curves": list(curves)})

    def allocate(self, order: Mapping[str, Any], *, on_progress: OnProgress | None = None) -> Json:
        """Divide a budget over firms (see `POST /v1/allocations`) and return the plan with its proof."""
        return self._plan("/v1/allocations", order, on_progress)

    def assign(self, order: Mapping[str, Any], *, on_progress: OnProgress | None = None) -> Json:
        """Assign products to many firms at once (see `POST /v1/assignments`)."""
        return self._plan("/v1/assignments", order, on_progress)

    def _plan(self, path: str, order: Mapping[str, Any], on_progress: OnProgress | None) -> Json:
        ordered = self._post(Json, path, dict(order), purpose=PURPOSE)
        # Reading a finished plan is a read of each firm's file, so that its purpose is named.
        done = self._finished(Json, f"{path}/{segment(ordered['id'])}", on_progress, purpose=PURPOSE)
        result: Json = done["result"]
        return result
