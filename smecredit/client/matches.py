"""Bank products, and which of them fit a firm's need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from smecredit.answers import JobStateName, Match, Purpose
from smecredit.client.calls import Calls, Json, OnProgress, given, iso, listed, moments, segment


class Matches(Calls):
    """The product catalogue and matches with it; a match is a soft check."""

    def products(self) -> Iterator[Json]:
        """Return the product catalogue."""
        return self._pages(Json, "/v1/products")

    def product(self, product_id: str, version: int | None = None) -> Json:
        """Return a product, its newest version unless another is named."""
        place = f"/v1/products/{segment(product_id)}"
        return self._get(Json, place, version=None if version is None else str(version))

    def add_product(self, product: Mapping[str, Any]) -> Json:
        """Add a bank product."""
        return self._post(Json, "/v1/products", product)

    def put_product(self, product: Mapping[str, Any]) -> Json:
        """Publish a product, or its next version where it differs from the newest; the same again changes nothing."""
        return self._put(Json, f"/v1/products/{segment(product['id'])}", product)

    def match(
        self,
        enterprise: str,
        *,
        amount_fen: int,
        months: int,
        kind: str | None = None,
        as_of: date | None = None,
        purpose: Purpose = "financing-match",
    ) -> Match:
        """Find the products that fit a need: a soft check."""
        value = {"enterprise": enterprise, "need": _need(amount_fen, months, kind), **moments(as_of)}
        return self._post(Match, "/v1/matches", value, purpose=purpose)

    def get_match(self, match_id: str) -> Match:
        """Return a stored match."""
        return self._get(Match, f"/v1/matches/{segment(match_id)}")

    def matches(self, enterprise: str | None = None, *, since: date | None = None) -> Iterator[Json]:
        """Return what you have asked in matches, newest first, and as a firm what was asked about you."""
        return self._pages(Json, "/v1/matches", enterprise=enterprise, since=iso(since))

    def trace(self, match_id: str) -> Json:
        """Return what a match was made from."""
        return self._get(Json, f"/v1/matches/{segment(match_id)}/trace")

    def match_batches(self, state: JobStateName | None = None, *, since: date | None = None) -> Iterator[Json]:
        """Return your orders to match many firms, newest first."""
        return self._pages(Json, "/v1/match-batches", state=state, since=iso(since))

    def match_batch(
        self,
        enterprises: Sequence[str] | None = None,
        *,
        amount_fen: int,
        months: int,
        purpose: Purpose = "financing-match",
        on_progress: OnProgress | None = None,
    ) -> list[Json]:
        """Match many firms for one need; an entry has offers and refusals, or a `problem`."""
        value = {"enterprises": listed(enterprises), "need": _need(amount_fen, months, None)}
        return self._batch("/v1/match-batches", value, purpose, on_progress)


def _need(amount_fen: int, months: int, kind: str | None) -> Json:
    """Return a financing need as the wire carries it."""
    return {"amount_fen": amount_fen, "months": months, **given(kind=kind or None)}
