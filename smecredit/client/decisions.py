"""A bank's decisions, from which its chance of approval is learnt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from smecredit.client.calls import Calls, Json, iso, segment


class Decisions(Calls):
    """Decisions by the bank's own reference; no enterprise is named."""

    def import_decisions(self, items: Sequence[Mapping[str, Any]]) -> Json:
        """Import decisions, or correct them by their reference.

        Each is `{"reference", "score", "amount_fen", "months", "approved", "decided_on"}`.
        """
        return self._post(Json, "/v1/decisions", {"items": list(items)})

    def decisions(self, *, approved: bool | None = None, since: date | None = None) -> Iterator[Json]:
        """Return your decisions by their reference."""
        said = None if approved is None else str(approved).lower()
        return self._pages(Json, "/v1/decisions", approved=said, since=iso(since))

    def decision(self, reference: str) -> Json:
        """Return one of your decisions."""
        return self._get(Json, f"/v1/decisions/{segment(reference)}")

    def take_back_decision(self, reference: str) -> None:
        """Take a decision back: nothing is learnt from it any more."""
        self._delete(f"/v1/decisions/{segment(reference)}")
