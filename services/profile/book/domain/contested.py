"""Invoices of which an enterprise says something else than the source that stands: both statements side by side.

Its own word does not revise another source's (`versions`), and a source's later one takes the place of its own. Either
way both are on file, and a cross-comparison tells where they differ.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from services.profile.book.domain.invoice import DATASET

SAID = ("direction", "counterparty", "date", "net_fen", "tax_fen", "total_fen", "status")
OWN = "own_"
CONTESTED: dict[str, pl.DataType] = {
    **{name: DATASET.schema[name] for name in ("enterprise", "code", "number", *SAID, "import_id")},
    **{f"{OWN}{name}": DATASET.schema[name] for name in (*SAID, "import_id")},
}


def spoken_of_again(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of invoices that were stated more than once: few of a book."""
    again = rows.filter(pl.col("version") != 1)
    if again.is_empty():
        return again
    return rows.filter(pl.col("number").is_in(again["number"].unique().implode()))


def contested(rows: pl.DataFrame, own: Collection[str]) -> pl.DataFrame:
    """Return, of all statements of invoices, what stands beside what the enterprise said last itself (`CONTESTED`).

    `own` are the imports of enterprises' own words. Only invoices whose two statements differ are here.
    """
    if rows.is_empty() or not own:
        return pl.DataFrame(schema=CONTESTED)
    mine = pl.col("import_id").is_in(list(own))
    said = rows.filter(mine).sort("known_at", "version", maintain_order=True)
    said = said.filter(DATASET.keys(said).hash_rows().is_last_distinct())
    standing = DATASET.latest(rows).filter(~mine)
    both = _keyed(standing).join(
        _keyed(said).rename({name: f"{OWN}{name}" for name in (*SAID, "import_id")}),
        on=[f"key_{name}" for name in DATASET.identity],
        nulls_equal=True,
    )
    differ = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{OWN}{name}")) for name in SAID)
    return both.filter(differ).select(list(CONTESTED)).sort("enterprise", "date", "number", "code", nulls_last=True)


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    keys = rows.select(DATASET.key).rename({name: f"key_{name}" for name in DATASET.identity})
    return pl.concat([keys, rows.select("enterprise", "code", "number", *SAID, "import_id")], how="horizontal")
