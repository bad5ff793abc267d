"""Everything beside invoices that a data source would deliver, by import kind."""

from __future__ import annotations

import polars as pl

from sandbox import filings, registers, trade
from sandbox.economy import Economy
from sandbox.tables import tables
from sandbox.ties.truth import draw_ties

PAYMENT = ("enterprise", "direction", "reference", "counterparty", "date", "amount_fen", "purpose", "synthetic")


def records(economy: Economy) -> dict[str, pl.DataFrame]:
    """Return the tables of `tables`, then payments, orders, deliveries, tax filings, public records and relations."""
    found = trade.deals(economy)
    paid = pl.concat([trade.payments(economy, found).select(PAYMENT), filings.payments(economy).select(PAYMENT)])
    return tables(economy) | {
        "payments": paid.sort("enterprise", "date", "reference"),
        "orders": trade.orders(found).sort("enterprise", "date", "number"),
        "deliveries": trade.deliveries(found).sort("enterprise", "date", "number"),
        "tax-filings": filings.tax_filings(economy),
        "public-records": registers.public_records(economy),
        "relations": draw_ties(economy).relations,
    }
