"""Quote an advance on an invoice: what is known of seller and payer, softly, and the price line by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.core.errors import Invalid
from chassis.core.moments import today
from services.matching.context import Context
from services.matching.domain.counting import Counts
from services.matching.domain.errors import NotPriceable
from services.matching.domain.facts import Fact
from services.matching.domain.receivable import Advance, Receivable, ReceivableTerms, as_share, price_receivable
from services.matching.domain.statute import statute
from services.matching.usecases.gather import gather_counted

# The share of a seller's sales of three years that red-letter invoices cancelled.
DILUTION = "sales_red_ratio_36m"


@dataclass(frozen=True, slots=True)
class AdvanceOrder:
    """An invoice to be financed; the payer by its id, or by the bank's own estimate of its PD."""

    seller: str
    payer: str | None
    payer_pd: float | None
    amount_fen: int
    due_days: int
    dilution_deviation: float | None
    terms: ReceivableTerms
    as_of: date | None
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """An advance with its rate, and what it was priced from."""

    seller: str
    payer: str | None
    advance: Advance
    receivable: Receivable
    as_of: date
    counts: Counts


def quote_advance(context: Context, order: AdvanceOrder) -> Quote:
    """Return advance and rate; raise NotPriceable where the seller or the payer has no PD. Nothing is stored.

    Who pays the invoice is another than who sells it: an invoice to oneself is nobody's debt.
    """
    if order.payer == order.seller:
        raise Invalid(f"Payer and seller are one, {order.seller}: nobody owes the invoice.", field="payer")
    named = [name for name in (order.seller, order.payer) if name]
    facts = gather_counted(context, named, order.as_of, counts=order.counts)
    known = {str(row["enterprise"]): row for row in facts.rows(("enterprise", "pd", DILUTION))}
    seller = known.get(order.seller, {})
    dilution = float(seller.get(DILUTION) or 0)
    deviation = order.dilution_deviation
    receivable = Receivable(
        order.amount_fen,
        order.due_days,
        _pd(known.get(order.payer or "", {}).get("pd"), order.payer_pd, "payer"),
        _pd(seller.get("pd"), None, "seller"),
        as_share(dilution),
        # Without a history of months its spread is taken to be as large as itself.
        as_share(dilution if deviation is None else deviation),
    )
    law = statute(today())
    advance = price_receivable(receivable, order.terms, legal_cap=law.rate if law else None)
    return Quote(order.seller, order.payer, advance, receivable, facts.as_of, facts.counts)


def _pd(scored: Fact, estimated: float | None, who: str) -> float:
    pd = estimated if scored is None else scored
    if pd is None:
        raise NotPriceable(
            f"The {who} has no score that you may read, so that its part of the loss is unknown; "
            + ("give payer_pd, your own estimate." if who == "payer" else "it needs more data, or its consent."),
            who=who,
        )
    return float(pd)
