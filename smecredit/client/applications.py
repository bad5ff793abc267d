"""Applications: a firm hands in one dossier to several banks, a bank offers, the firm accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from smecredit.answers.applications import (
    Application,
    ApplicationHistory,
    ApplicationState,
    Document,
    Dossier,
    Move,
    Terms,
)
from smecredit.client.calls import Calls, given, iso, segment


class Applications(Calls):
    """From a wish to a loan: terms are a bank's numbered offer and the firm's acceptance of it, and nothing else."""

    def hand_in(
        self,
        enterprise: str,
        products: Sequence[str],
        *,
        amount_fen: int,
        months: int,
        documents: Sequence[Document] = (),
        match: str | None = None,
        draft: bool = False,
    ) -> Dossier:
        """Apply for products of several banks at once; what is under way already is returned as `existing`.

        `match` is the match that the wish comes from, whose versions of the products must be in force.
        """
        need = {"amount_fen": amount_fen, "months": months}
        value = {"enterprise": enterprise, "products": list(products), "need": need, "documents": list(documents)}
        return self._post(Dossier, "/v1/applications", {**value, "draft": draft, **given(match=match)})

    def applications(
        self,
        state: ApplicationState | None = None,
        *,
        product: str | None = None,
        enterprise: str | None = None,
        since: date | None = None,
    ) -> Iterator[Application]:
        """Return the applications that you are a party of, newest first; `since` the day of their last move."""
        filters = {"state": state, "product": product, "enterprise": enterprise, "since": iso(since)}
        return self._pages(Application, "/v1/applications", **filters)

    def application(self, application_id: str) -> ApplicationHistory:
        """Return an application with every move and every offer."""
        return self._get(ApplicationHistory, f"/v1/applications/{segment(application_id)}")

    def offer(self, application_id: str, terms: Terms, *, expires_on: date | None = None) -> Application:
        """Offer terms, by which the offer before is void; you are the bank. `offer` in the answer is its number."""
        said = {"terms": dict(terms), **given(expires_on=iso(expires_on))}
        return self._post(Application, f"/v1/applications/{segment(application_id)}/offer", said)

    def accept(self, application_id: str, offer: int) -> Application:
        """Accept an offer by its number; a newer one, or its last day, refuses that."""
        return self._post(Application, f"/v1/applications/{segment(application_id)}/accept", {"offer": offer})

    def disburse(self, application_id: str, drawn_fen: int) -> Application:
        """Say what was paid out, within what was agreed; you are the bank."""
        return self._post(Application, f"/v1/applications/{segment(application_id)}/disburse", {"drawn_fen": drawn_fen})

    def move(self, application_id: str, event: Move, *, reason: str | None = None) -> Application:
        """Make another move: submit, review, decline, withdraw, repay or default."""
        place = f"/v1/applications/{segment(application_id)}/{segment(event)}"
        return self._post(Application, place, given(reason=reason))
