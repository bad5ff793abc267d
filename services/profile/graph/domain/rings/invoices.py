"""Which invoices are hops between enterprises of the book."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.graph.domain.rings.terms import EDGES

c = pl.col


def hops_between(invoices: pl.DataFrame, firms: Collection[str], *, since: date, least_fen: int) -> pl.DataFrame:
    """Return positive invoices (EDGES) since a day between these enterprises; each once, whichever side tells it.

    `invoices` are valid ones, of which each enterprise has those of its own file. A firm's own word is no hop and must
    not be among them: who makes up a circle would draw others into it, and learn who is in the book.
    """
    book = pl.DataFrame({"party": sorted(firms)}, schema={"party": pl.String})
    rows = invoices.filter((c("total_fen") >= max(least_fen, 1)) & (c("date") >= since))
    within = rows.with_columns(party=party_of(c("counterparty"))).join(book, on="party", how="semi")
    sold = c("direction") == "sale"
    return (
        within.select(
            seller=pl.when(sold).then("enterprise").otherwise("party"),
            buyer=pl.when(sold).then("party").otherwise("enterprise"),
            number="number",
            date="date",
            amount="total_fen",
        )
        .filter(c("seller") != c("buyer"))
        .unique(list(EDGES))
        .sort(list(EDGES))
    )
