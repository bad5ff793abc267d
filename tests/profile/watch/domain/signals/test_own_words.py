"""Signals about others: a firm that makes an invoice up draws nobody into one, and learns of nobody."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from invoice_books import purchase, sale
from signal_scenes import AS_OF, reading, scene

from services.profile.watch.domain.signals import BY_KEY, evaluate
from services.profile.watch.domain.signals.inputs import OUTCOMES, Surroundings

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


@pytest.mark.parametrize(("by", "fires"), [("imp_tax", True), ("imp_E1", False)])
def test_a_sale_that_the_firm_alone_tells_tells_nothing_of_the_customer(by: str, fires: bool) -> None:
    """Whether it has defaulted, or a court has listed it."""
    day = AS_OF.replace(day=1)
    listed = {"enterprise": "local:E3", "record": "dishonest", "number": "1", "date": day, "published_on": day}
    fallen = pl.DataFrame([["local:E2", True, day, "imp_bank"]], schema=OUTCOMES, orient="row")
    sold = [sale(day.isoformat(), FEN, to, import_id=by) for to in ("E2", "E3")]
    others = sale(day.isoformat(), FEN, "E9", import_id="imp_tax")
    found = scene(*sold, others, public_records=[listed], beside=replace(OWN, outcomes=fallen))
    told = evaluate(found, [BY_KEY["counterparty-default"]]).of("local:E1")
    assert set(told["subject"]) == ({"local:E2", "local:E3"} if fires else set())


def test_what_a_firm_alone_tells_makes_no_exposure_smaller() -> None:
    """Its share is of the sales that others know."""
    day = AS_OF.replace(day=1).isoformat()
    fallen = pl.DataFrame([["local:E2", True, AS_OF.replace(day=1), "imp_bank"]], schema=OUTCOMES, orient="row")
    rows = [sale(day, FEN, to, import_id="imp_tax") for to in ("E2", "E9")]
    invented = sale(day, 98 * FEN, "E9", import_id="imp_E1")
    found = scene(*rows, invented, beside=replace(OWN, outcomes=fallen))
    told = reading(found, "counterparty-default")
    assert told is not None
    assert (told["value"], told["fires"]) == (0.5, True)
