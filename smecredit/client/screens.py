"""What a buyer asks: bidders who belong together, and how a supplier has kept its contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from smecredit.answers import BidderScreen, Purpose, SupplierRecord
from smecredit.client.calls import Calls, iso, moments, segment


class Screens(Calls):
    """Screens of the bidders of a tender, and records of suppliers, for whoever buys."""

    def screen_bidders(  # noqa: PLR0913 - one parameter a part of the order
        self,
        bidders: Sequence[str | Mapping[str, Any]],
        *,
        bids: Sequence[Mapping[str, Any]] = (),
        reserve_fen: int | None = None,
        past: Sequence[Mapping[str, Any]] = (),
        elsewhere: Sequence[Mapping[str, int]] = (),
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "procurement",
    ) -> BidderScreen:
        """Screen a tender's bidders: ids, or mappings with `enterprise` and what their documents show.

        A bid is `{"bidder", "amount_fen"}`; a past auction `{"auction", "bids", "day", "winner", "reserve_fen"}`, the
        last three as far as they are known. Past auctions in which none of the bidders was may be told by their sizes
        in `elsewhere`: `{"bids", "auctions"}`. The answer is kept nowhere but with you.
        """
        listed = [{"enterprise": each} if isinstance(each, str) else dict(each) for each in bidders]
        order = {"bidders": listed, "bids": list(bids), "past": list(past), "reserve_fen": reserve_fen}
        order |= {"elsewhere": [dict(each) for each in elsewhere]} if elsewhere else {}
        return self._post(BidderScreen, "/v1/bidder-screens", order | moments(as_of, known_at), purpose=purpose)

    def supplier_record(
        self,
        enterprise: str,
        *,
        as_of: date | None = None,
        known_at: datetime | None = None,
        purpose: Purpose = "procurement",
    ) -> SupplierRecord:
        """Return how a firm has kept its contracts: orders, deliveries, sales taken back, public records."""
        path = f"/v1/enterprises/{segment(enterprise)}/supplier-record"
        return self._get(SupplierRecord, path, purpose=purpose, as_of=iso(as_of), known_at=iso(known_at))
