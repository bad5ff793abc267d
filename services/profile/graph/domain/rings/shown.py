"""Rings as a table: each once, with its hops in full."""

from __future__ import annotations

import numpy as np
import polars as pl

from services.profile.graph.domain.rings.hops import Ints
from services.profile.graph.domain.rings.terms import EDGES

c = pl.col
HOP = {**EDGES, "times": pl.Int64()}
RINGS: dict[str, pl.DataType] = {
    "ring": pl.String(),
    "members": pl.List(pl.String()),
    "hops": pl.Int64(),
    "amount": pl.Int64(),
    "first_on": pl.Date(),
    "last_on": pl.Date(),
    "path": pl.List(pl.Struct(HOP)),
}


def shown(hops: pl.DataFrame, found: list[Ints]) -> pl.DataFrame:
    """Return rings (RINGS) of hops told by their number (`hop`), of which each row of `found` is one."""
    tables = [pl.DataFrame(schema=RINGS)]
    for length in sorted({rings.shape[1] for rings in found if len(rings)}):
        rings = _once(np.concatenate([each for each in found if each.shape[1] == length]))
        tables.append(_table(hops, np.searchsorted(hops["hop"].to_numpy(), rings)))
    return pl.concat(tables).sort("last_on", "ring")


def _once(rings: Ints) -> Ints:
    """Return each circle once, from where it is told first.

    The same hops begin elsewhere too where all are of one day, or, in any order, where some are of the first day.
    """
    names = [f"hop_{place}" for place in range(rings.shape[1])]
    told = pl.DataFrame(rings, schema=names).hstack(
        pl.DataFrame(np.sort(rings, axis=1), schema=[f"of_{n}" for n in names])
    )
    first = told.sort(names).unique([f"of_{name}" for name in names], keep="first", maintain_order=True)
    return first.select(names).to_numpy()


def _table(hops: pl.DataFrame, rings: Ints) -> pl.DataFrame:
    """Return rings of one length, of rows of `hops`."""

    def listed(of_hop: pl.Series) -> pl.Series:
        return of_hop[rings.ravel()].reshape(rings.shape).arr.to_list()

    label = hops.select(pl.concat_str("seller", "number", separator=":")).to_series()
    amount, day = hops["amount"].to_numpy()[rings], hops["date"].to_physical().to_numpy()[rings]
    told = {
        "ring": listed(label).list.join(" > "),
        "members": listed(hops["seller"]),
        "hops": pl.Series([rings.shape[1]], dtype=pl.Int64).new_from_index(0, len(rings)),
        "amount": pl.Series(amount.min(axis=1)),
        "first_on": pl.Series(day.min(axis=1)).cast(pl.Date),
        "last_on": pl.Series(day.max(axis=1)).cast(pl.Date),
        "path": listed(hops.select(pl.struct(*HOP)).to_series()),
    }
    return pl.DataFrame(told, schema=RINGS)
