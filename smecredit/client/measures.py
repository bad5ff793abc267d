"""Joint incentives and restrictions that authorities have decided."""

from __future__ import annotations

from collections.abc import Iterator

from smecredit.answers import Measure, MeasureTerms, Purpose
from smecredit.client.calls import Calls, Json, segment


class Measures(Calls):
    """Measures in force, planned and ended; the operator sets and ends them."""

    def measure_bases(self) -> Json:
        """Return the legal bases of measures (`items`) and what measures may do (`codes`)."""
        return self._get(Json, "/v1/measure-bases")

    def set_measure(self, terms: MeasureTerms) -> Measure:
        """Set a measure that an authority has decided, from its first to its last day; you are the operator.

        `basis` is a key and `scope` codes of `measure_bases`; `record` is the number of a public record of the
        enterprise, with whose repair the measure ends. Days are ISO dates.
        """
        return self._post(Measure, "/v1/measures", dict(terms))

    def end_measure(self, measure_id: str, reason: str) -> Measure:
        """End a measure at once, before its last day; you are the operator."""
        return self._post(Measure, f"/v1/measures/{segment(measure_id)}/end", {"reason": reason})

    def measures(self, *, planned: bool = False) -> Iterator[Measure]:
        """Return all measures in force, and the planned ones if `planned`; you are the operator."""
        return self._pages(Measure, "/v1/measures", planned="true" if planned else None)

    def measures_of(self, enterprise: str, *, ended: bool = False, purpose: Purpose | None = None) -> Iterator[Measure]:
        """Return a firm's measures in force; for the firm itself also those that are over if `ended`."""
        path = f"/v1/enterprises/{segment(enterprise)}/measures"
        return self._pages(Measure, path, purpose=purpose, ended="true" if ended else None)
