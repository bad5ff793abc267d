"""What is not imported: the bids, for which there is no register yet, and the truth about all that was planted."""

from __future__ import annotations

import polars as pl

from sandbox.auctions import bids
from sandbox.economy import Economy
from sandbox.tables import invoice_numbers, party_codes
from sandbox.ties.truth import draw_ties

FOLDER = "labels"


def labels(economy: Economy) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return the bids, and the labels by name: owners, persons, guarantees, places, rings, auctions, bidders."""
    ties = draw_ties(economy)
    offered, truth = bids(economy, ties)
    found = {**ties.labels, "rings": _rings(economy), **truth}
    return offered, {name: table.with_columns(synthetic=pl.lit(value=True)) for name, table in found.items()}


def _rings(economy: Economy) -> pl.DataFrame:
    """Return the invoices that go in circles, and those that only look like it (`kind` says what they lack)."""
    hops, invoices, codes = economy.circles, economy.invoices, party_codes(economy)
    row = hops.row
    return pl.DataFrame(
        {
            "ring": pl.Series(hops.circle, dtype=pl.Int64),
            "hop": pl.Series(hops.hop, dtype=pl.Int64),
            "kind": pl.Series(hops.sort, dtype=pl.String),
            "seller": codes.gather(invoices.seller[row]),
            "buyer": codes.gather(invoices.buyer[row]),
            "number": invoice_numbers(invoices).gather(row),
            "date": economy.calendar.days[invoices.day[row]],
            "total_fen": (invoices.net + invoices.tax)[row],
        }
    ).sort("ring", "hop")
