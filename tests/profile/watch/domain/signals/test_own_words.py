"""Rings of invoices: a firm that makes one up draws nobody into it, and learns of nobody."""

from __future__ import annotations

import pytest
from invoice_books import purchase, sale
from signal_scenes import AS_OF, reading, scene

from services.profile.watch.domain.signals.inputs import Surroundings

FEN = 100_000_000
OWN = Surroundings(own=frozenset({"imp_E1"}))


@pytest.mark.parametrize(("by", "fires"), [("imp_tax", True), ("imp_E1", False)])
def test_a_circle_that_the_firm_alone_tells_alerts_on_nobody(by: str, fires: bool) -> None:
    """The same two invoices, stated by the tax office and by the firm itself."""
    day = AS_OF.replace(day=1).isoformat()
    circle = [sale(day, FEN, "E2", import_id=by), purchase(AS_OF.replace(day=9).isoformat(), FEN, "E2", import_id=by)]
    other = sale(day, 7, "E9", enterprise="local:E2", import_id="imp_tax")
    found = scene(*circle, other, beside=OWN)
    for firm in ("local:E1", "local:E2"):
        told = reading(found, "circular-invoicing", firm)
        assert bool(told and told["fires"]) is fires
