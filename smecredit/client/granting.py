"""What sources may send: granted and ended by the operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from smecredit.answers import Channel, ImportKind, SourceGrant
from smecredit.client.calls import Calls, given, iso, segment


class Granting(Calls):
    """The grants without which no source sends anything."""

    def grant_source(
        self,
        client: str,
        kinds: Sequence[ImportKind],
        channels: Sequence[Channel],
        *,
        document: str,
        enterprises: Sequence[str] | None = None,
        expires_on: date | None = None,
    ) -> SourceGrant:
        """Let a client send these kinds by these channels, of these firms or of any; you are the operator.

        `document` is what the grant rests on; `expires_on` its last day, None for none.
        """
        terms = given(enterprises=list(enterprises) if enterprises else None, expires_on=iso(expires_on))
        value = {"client": client, "kinds": list(kinds), "channels": list(channels), "document": document, **terms}
        return self._post(SourceGrant, "/v1/source-grants", value)

    def source_grants(self, client: str | None = None) -> Iterator[SourceGrant]:
        """Return grants, newest first, those that are over too: your own, or as the operator all or a client's."""
        return self._pages(SourceGrant, "/v1/source-grants", client=client)

    def end_source_grant(self, grant_id: str, reason: str) -> SourceGrant:
        """End a grant at once; you are the operator. What was received under it stays."""
        return self._post(SourceGrant, f"/v1/source-grants/{segment(grant_id)}/end", {"reason": reason})
