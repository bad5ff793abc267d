"""Which invoices are hops between enterprises of the book."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from services.profile.book.domain.party import party_of

c = pl.col


def hops_between(invoices: pl.DataFrame, firms: Collection[str], *, since: date, least_fen: int) -> pl.DataFrame:
    """Return positive invoices (EDGES) since a day between these enterprises; one that both sides tell is there twice.

    `invoices` are valid ones, of which each enterprise has those of its own file. A firm's own word is no hop and must
    not be among them: who makes up a circle would draw others into it, and learn who is in the book.
    """
    rows = invoices.lazy().filter((c("total_fen") >= max(least_fen, 1)) & (c("date") >= since))
    rows = rows.select("enterprise", "counterparty", "number", "date", "total_fen", sold=c("direction") == "sale")
    within = rows.collect()
    # A partner is met many times: its name is read once.
    named = within.select(c("counterparty").unique()).with_columns(party=party_of(c("counterparty")))
    here = named.filter(c("party").is_in(sorted(firms)) & c("party").is_not_null())
    return (
        within.join(here, on="counterparty")
        .filter(c("enterprise") != c("party"))
        .select(
            seller=pl.when("sold").then("enterprise").otherwise("party"),
            buyer=pl.when("sold").then("party").otherwise("enterprise"),
            number="number",
            date="date",
            amount="total_fen",
        )
    )
