"""The order of offers on the real firms of the book, against a yearly rate worked out on its own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from benchmarks.features import BOOK_DATE, REAL, real_book
from services.matching.domain.assignment.order import AssignmentOrder, Request, Supply
from services.matching.domain.assignment.report import settle
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.fee import FeePayer
from services.matching.domain.match import Match, Offer, match_all
from services.matching.domain.product import Product, read_product
from services.profile.portrait.domain.features import compute

NEED = Need(50_000_000, 12)
PDS = {"A": 0.01, "B": 0.03, "C": 0.06, "D": 0.5}
GRADES = {"A": "A", "B": "BBB", "C": "BB", "D": "D"}
CATALOGUE = Path(__file__).parents[3] / "sandbox" / "products.json"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real invoices are absent (SMECREDIT_REAL_DATA)")


def products() -> list[Product]:
    documents = json.loads(CATALOGUE.read_text("utf-8"))
    return [read_product({**document, "bank": "Example Bank"}) for document in documents]


@pytest.fixture(scope="module")
def matches() -> list[Match]:
    """Match every firm by its features of the real book and a PD of its bank's rating; who has none counts as C."""
    rated = pl.read_csv(REAL / "enterprises.csv").select(enterprise=pl.format("local:{}", "企业代号"), rated="信誉评级")
    table = compute(real_book(), as_of=BOOK_DATE).join(
        rated.with_columns(pl.col("rated").fill_null("C")), on="enterprise"
    )
    table = table.with_columns(
        pd=pl.col("rated").replace_strict(PDS),
        grade=pl.col("rated").replace_strict(GRADES),
        depth=pl.lit("B"),
        size_class=pl.lit("small"),
    )
    shelf = Shelf(products(), date(2026, 6, 1), kind_matters=False)
    return match_all(shelf, Facts(table, BOOK_DATE, datetime(2026, 6, 1, tzinfo=UTC), "c1"), NEED)


def yearly(offer: Offer) -> float:
    """Return the compound yearly rate by halving, of the flows as a firm sees them."""
    flows = [float(offer.loan.schedule.amount_fen), *(-float(each) for each in offer.loan.schedule.payments)]
    for each in offer.loan.fees:
        for charge in each.charges if each.fee.paid_by is FeePayer.FIRM else ():
            flows[charge.month] -= charge.fen
    low, high = 0.0, 1.0
    while high - low > 1e-14:
        monthly = (low + high) / 2
        worth = sum(flow / (1 + monthly) ** month for month, flow in enumerate(flows))
        low, high = (monthly, high) if worth < 0 else (low, monthly)
    return (1 + high) ** 12 - 1


def test_every_real_firm_finds_its_offers_in_the_order_of_the_all_in_rate(matches: list[Match]) -> None:
    """385 firms, 314 of them with a choice."""
    assert (len(matches), sum(len(match.offers) > 1 for match in matches)) == (385, 314)
    for match in matches:
        rates = [yearly(offer) for offer in match.offers]
        assert [float(offer.loan.all_in.rate) for offer in match.offers] == pytest.approx(rates, abs=6e-7)
        assert all(one <= other + 1e-6 for one, other in pairwise(rates))


def test_interest_in_yuan_would_order_most_of_them_otherwise(matches: list[Match]) -> None:
    """What stood here before: instalments look cheap in yuan, because less is owed on average."""
    choosing = [match.offers for match in matches if len(match.offers) > 1]
    by_yuan = [sorted(offers, key=lambda offer: offer.loan.all_in.interest_fen) for offers in choosing]
    assert sum([*offers] != other for offers, other in zip(choosing, by_yuan, strict=True)) == 304


def test_an_assignment_gives_each_real_firm_its_cheapest_offer_where_all_are_enough(matches: list[Match]) -> None:
    """The wishes of firms are by the same order: with money for all, each gets its first."""
    supplies = tuple(Supply(product.id, 10**12, None, None, "risk") for product in products())
    requests = tuple(Request(match.enterprise, NEED.amount_fen, NEED.months) for match in matches)
    report = settle(matches, AssignmentOrder(requests, supplies))
    for match, line in zip(matches, report.lines, strict=True):
        assert line.product == (match.offers[0].product.id if match.offers else None)
    assert report.ranking[0] == "all_in_rate"
