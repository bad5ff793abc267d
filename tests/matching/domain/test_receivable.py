"""Advances on invoices: never cheaper for a worse payer, more dilution, or a larger loss."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.receivable import Receivable, ReceivableTerms, price_receivable

TERMS = ReceivableTerms(
    *map(Decimal, ("0.02", "0.005", "0.01", "0.4", "0.9")),
    recourse=False,
)
INVOICE = Receivable(100_000_00, 90, 0.02, 0.05, Decimal("0.04"), Decimal("0.02"))
shares = st.integers(0, 1000).map(lambda n: Decimal(n).scaleb(-3))
pds = st.floats(0, 1)


def test_an_advance_by_hand() -> None:
    """Reserve 10 %, 3 deviations above the mean of 4 %: residual 0.02 · (√10 − 3) / 2 / 0.9 · 4 = 0.007212 a year."""
    found = price_receivable(INVOICE, TERMS)
    lines = {line.line: line.rate for line in found.lines}
    assert found.advance_fen == 9_000_000
    assert (lines["expected-loss"], lines["dilution"]) == (Decimal("0.008"), Decimal("0.007212"))
    assert found.rate == Decimal("0.050212") == sum(lines.values())
    assert found.discount_fen == 112_977


def test_heavy_red_letter_history_lowers_the_advance() -> None:
    """Mean 20 % and deviation 10 %: two deviations more are held back, 60 % is advanced."""
    heavy = replace(INVOICE, dilution=Decimal("0.2"), dilution_deviation=Decimal("0.1"))
    assert price_receivable(heavy, TERMS).advance_fen == 6_000_000


@given(pds, pds, st.booleans())
def test_a_worse_payer_never_makes_it_cheaper(one: float, other: float, recourse: bool) -> None:
    """Monotone in the payer's PD, with and without recourse."""
    terms = replace(TERMS, recourse=recourse)
    low, high = (price_receivable(replace(INVOICE, payer_pd=pd), terms).rate for pd in sorted((one, other)))
    assert low <= high


@given(shares, shares, shares, shares)
def test_more_dilution_never_brings_more_money_or_a_lower_rate(
    one: Decimal, other: Decimal, deviation: Decimal, lgd: Decimal
) -> None:
    """Monotone in the mean share cancelled, as long as there is an advance at all."""
    terms = replace(TERMS, lgd=lgd)
    few, many = (
        price_receivable(replace(INVOICE, dilution=mean, dilution_deviation=deviation), terms)
        for mean in sorted((one, other))
    )
    assert few.advance_fen >= many.advance_fen
    assert many.advance_fen == 0 or few.rate <= many.rate


@given(pds, pds)
def test_recourse_never_makes_it_dearer(payer: float, seller: float) -> None:
    """Two who owe are better than one."""
    invoice = replace(INVOICE, payer_pd=payer, seller_pd=seller)
    assert price_receivable(invoice, replace(TERMS, recourse=True)).rate <= price_receivable(invoice, TERMS).rate


@given(pds, shares, st.integers(1, 1800), shares)
def test_no_quote_costs_more_than_the_law_bears_in_a_calendar_year(
    pd: float, deviation: Decimal, days: int, cap: Decimal
) -> None:
    """The discount is within half a fen of the cap's share of 365 days; the lines still add up to the rate."""
    wild = replace(INVOICE, payer_pd=pd, dilution_deviation=deviation, due_days=days)
    found = price_receivable(wild, TERMS, legal_cap=cap)
    assert found.discount_fen <= found.advance_fen * cap * days / 365 + Decimal("0.5")
    assert sum(line.rate for line in found.lines) == found.rate
