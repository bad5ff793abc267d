"""Who may do what: clients, the consents of enterprises, and the record of who read a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from smecredit.answers import Consent, Purpose
from smecredit.client.calls import Calls, Json, given, iso, segment


class Rights(Calls):
    """Consents and the accesses under them; the operator makes the clients."""

    def grant_consent(  # noqa: PLR0913 - one parameter a term
        self,
        grantee: str,
        purposes: Sequence[Purpose],
        *,
        valid_until: date,
        fields: Sequence[str] = ("features", "portrait", "score"),
        as_of_from: date | None = None,
        as_of_until: date | None = None,
        most_reads_a_day: int | None = None,
        most_reads_a_month: int | None = None,
    ) -> Consent:
        """Let a client read your own file for these purposes; you are an enterprise.

        `as_of_from` and `as_of_until` are the first and last day as of which it may; the limits count new looks into
        the file, by day and by calendar month of UTC. None leaves a term open.
        """
        terms = given(
            valid_until=iso(valid_until),
            as_of_from=iso(as_of_from),
            as_of_until=iso(as_of_until),
            most_reads_a_day=most_reads_a_day,
            most_reads_a_month=most_reads_a_month,
        )
        value = {"grantee": grantee, "purposes": list(purposes), "fields": list(fields), **terms}
        return self._post(Consent, "/v1/consents", value)

    def consents(self) -> Iterator[Consent]:
        """Return the consents that this client gave or was given."""
        return self._pages(Consent, "/v1/consents")

    def revoke_consent(self, consent_id: str) -> Consent:
        """End a consent of your own at once; you are an enterprise."""
        return self._post(Consent, f"/v1/consents/{segment(consent_id)}/revoke", {})

    def accesses(self, enterprise: str) -> Iterator[Json]:
        """Return who read a firm's file, when, why, under which consent."""
        return self._pages(Json, f"/v1/enterprises/{segment(enterprise)}/accesses")

    def create_clients(self, clients: Sequence[Mapping[str, Any]]) -> list[Json]:
        """Make clients; each answer holds the key, shown this once. You are an operator."""
        return self._post(list[Json], "/v1/clients", list(clients))
