"""The price of an advance on an invoice: who pays it, how much of it will be credited away, how long it takes.

An advance is repaid by the payer, not by the borrower. It is lost where the payer fails (and, with recourse, the seller
too), and the part that red-letter invoices cancel was never owed: dilution. The advance stays below what is likely to
come, and what may still be missing of it is priced.

No quote is dearer than the law bears: its cap counts a year of 365 days, a quote one of 360.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from services.matching.domain.errors import ProductInvalid
from services.matching.domain.price import STEP, ZERO, RateLine

DAYS_A_YEAR = 360
CALENDAR_DAYS = 365
# How many standard deviations of its own dilution are held back beyond the mean, as rating agencies stress it.
DILUTION_STRESS = Decimal(2)


@dataclass(frozen=True, slots=True)
class Receivable:
    """One invoice to be financed: `due_days` until it should be paid; PDs are of one year.

    `dilution` is the mean share of the seller's sales that red-letter invoices cancelled, `dilution_deviation` the
    standard deviation of that share from month to month.
    """

    amount_fen: int
    due_days: int
    payer_pd: float
    seller_pd: float
    dilution: Decimal
    dilution_deviation: Decimal = ZERO

    def __post_init__(self) -> None:
        """Refuse what no invoice can be."""
        shares = (self.payer_pd, self.seller_pd, self.dilution, self.dilution_deviation)
        if self.amount_fen <= 0 or self.due_days <= 0 or not all(0 <= share <= 1 for share in shares):
            raise ProductInvalid(
                "An invoice has an amount and days above 0, and shares from 0 to 1.", field="receivable"
            )


@dataclass(frozen=True, slots=True)
class ReceivableTerms:
    """What the bank asks: rates a year, `advance` the most it pays out of an invoice, `lgd` of the payer's debt."""

    funding: Decimal
    operating: Decimal
    margin: Decimal
    lgd: Decimal
    advance: Decimal
    recourse: bool


def as_share(number: float) -> Decimal:
    """Return a number as a share or rate: at most 1, in steps of a millionth."""
    return Decimal(str(min(1.0, round(number, 6))))


@dataclass(frozen=True, slots=True)
class Advance:
    """What is paid out, at which rate a year, with the lines that sum to it, and what that costs over the tenor."""

    advance_fen: int
    rate: Decimal
    lines: tuple[RateLine, ...]
    discount_fen: int


def price_receivable(receivable: Receivable, terms: ReceivableTerms, *, legal_cap: Decimal | None = None) -> Advance:
    """Return advance and rate; the rate never falls as the payer's PD, the LGD, or dilution rises.

    `legal_cap` is of simple interest in a year of 365 days; what it takes off is a line of the rate.
    Without recourse the loss is the payer's PD · LGD. With it both must fail: by Fréchet's bound the joint probability
    is at most the smaller one, which is what is charged, since a seller and its payer fall together.
    """
    held_back = receivable.dilution + DILUTION_STRESS * receivable.dilution_deviation
    share = max(ZERO, min(terms.advance, 1 - held_back))
    advance = int((share * receivable.amount_fen).quantize(Decimal(1), ROUND_FLOOR))
    pd = min(receivable.payer_pd, receivable.seller_pd) if terms.recourse else receivable.payer_pd
    lines: tuple[RateLine, ...] = (
        RateLine("funding", terms.funding),
        RateLine("expected-loss", (Decimal(repr(float(pd))) * terms.lgd).quantize(STEP, ROUND_HALF_UP)),
        RateLine("dilution", _dilution(receivable, terms, share)),
        RateLine("operating", terms.operating),
        RateLine("margin", terms.margin),
    )
    lines = (*lines, *_capped(sum((line.rate for line in lines), ZERO), legal_cap))
    rate = sum((line.rate for line in lines), ZERO)
    discount = (advance * rate * receivable.due_days / DAYS_A_YEAR).quantize(Decimal(1), ROUND_HALF_UP)
    return Advance(advance, rate, lines, int(discount))


def _capped(rate: Decimal, legal_cap: Decimal | None) -> tuple[RateLine, ...]:
    """Return the line that brings a rate of a 360-day year down to the law's cap, where it lies above."""
    if legal_cap is None:
        return ()
    most = (legal_cap * DAYS_A_YEAR / CALENDAR_DAYS).quantize(STEP, ROUND_FLOOR)
    return (RateLine("statutory-cap", most - rate),) if rate > most else ()


def _dilution(receivable: Receivable, terms: ReceivableTerms, share: Decimal) -> Decimal:
    """Return what dilution beyond the reserve costs a year, as a share of the advance.

    With mean m and deviation s, whatever the distribution, E[max(0, D - h)] <= (sqrt(s² + (h - m)²) - (h - m)) / 2 for
    a reserve h (Scarf 1958): the bound is charged. Without recourse it falls on the bank once a tenor; with recourse
    only where the seller fails within the tenor.
    """
    if share <= 0:
        return ZERO
    above = 1 - share - receivable.dilution
    excess = ((receivable.dilution_deviation**2 + above**2).sqrt() - above) / 2 / share
    year = Decimal(DAYS_A_YEAR) / receivable.due_days
    weight = Decimal(repr(float(receivable.seller_pd))) if terms.recourse else year
    return (excess * weight).quantize(STEP, ROUND_HALF_UP)
