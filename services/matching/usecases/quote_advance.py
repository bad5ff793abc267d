"""Quote an advance on an invoice: what is known of seller and payer, softly, and the price line by line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.matching.context import Context
from services.matching.domain.errors import NotPriceable
from services.matching.domain.receivable import Receivable, ReceivableTerms, price_receivable
from services.matching.usecases.gather import gather

# The share of a seller's sales of three years that red-letter invoices cancelled.
DILUTION = "sales_red_ratio_36m"


def quote_advance(context: Context, order: Mapping[str, Any], as_of: date | None) -> dict[str, Any]:
    """Return advance and rate; raise NotPriceable where the seller or the payer has no PD. Nothing is stored."""
    facts = gather(context, [name for name in (order["seller"], order["payer"]) if name], as_of)
    known = {str(row["enterprise"]): row for row in facts.rows(("enterprise", "pd", DILUTION))}
    seller = known.get(order["seller"], {})
    dilution = float(seller.get(DILUTION) or 0)
    deviation = order["dilution_deviation"]
    receivable = Receivable(
        order["amount_fen"],
        order["due_days"],
        _pd(known.get(order["payer"] or "", {}).get("pd"), order["payer_pd"], "payer"),
        _pd(seller.get("pd"), None, "seller"),
        _decimal(dilution),
        # Without a history of months its spread is taken to be as large as itself.
        _decimal(dilution if deviation is None else deviation),
    )
    terms = {name: _decimal(order["terms"][name]) for name in ("funding", "operating", "margin", "lgd", "advance")}
    found = price_receivable(receivable, ReceivableTerms(**terms, recourse=order["terms"]["recourse"]))
    return {
        "seller": order["seller"],
        "payer": order["payer"],
        "advance_fen": found.advance_fen,
        "rate": float(found.rate),
        "rate_lines": [line.as_json() for line in found.lines],
        "discount_fen": found.discount_fen,
        "payer_pd": receivable.payer_pd,
        "seller_pd": receivable.seller_pd,
        "dilution": float(receivable.dilution),
        "dilution_deviation": float(receivable.dilution_deviation),
        "as_of": facts.as_of.isoformat(),
    }


def _pd(found: Any, given: float | None, who: str) -> float:
    pd = given if found is None else found
    if pd is None:
        raise NotPriceable(
            f"The {who} has no score that you may read, so that its part of the loss is unknown; "
            + ("give payer_pd, your own estimate." if who == "payer" else "it needs more data, or its consent."),
            who=who,
        )
    return float(pd)


def _decimal(number: float) -> Decimal:
    return Decimal(str(min(1.0, round(number, 6))))
