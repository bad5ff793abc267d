"""Ties between firms, people and places as arrays: where figures of the graph start.

A tie has a direction: `source` does it to `target` (a person manages a firm, a firm invests in another). Nodes are in
the order of their names, so that the same ties in another order give the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

# One row a tie: what source does to target, and how much of it there is (capital, a sum; 1 where there is no measure).
TIES: dict[str, pl.DataType] = {
    "source": pl.String(),
    "target": pl.String(),
    "tie": pl.String(),
    "weight": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Network:
    """Distinct ties over the nodes 0 … n−1, named in order; `source`, `target`, `tie` and `weight` are a row a tie."""

    names: pl.Series
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    tie: pl.Series
    weight: NDArray[np.float64]

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return len(self.names)

    def of(self, ties: Collection[str]) -> Network:
        """Return the same nodes with ties of these sorts only."""
        kept = self.tie.is_in(list(ties)).to_numpy()
        return Network(self.names, self.source[kept], self.target[kept], self.tie.filter(kept), self.weight[kept])

    def links(self) -> sparse.csr_array:
        """Return who is tied to whom, either way, by whatever tie: a symmetric matrix (n, n) of ones, zero diagonal."""
        apart = self.source != self.target
        one, other = self.source[apart], self.target[apart]
        both = np.concatenate([one, other]), np.concatenate([other, one])
        found = sparse.csr_array((np.ones(2 * len(one)), both), shape=(self.size, self.size))
        found.data[:] = 1.0
        return found

    def column(self, facts: pl.DataFrame, name: str) -> NDArray[np.float64]:
        """Return a fact (`node`, `name`) of each node in order, 0 where nothing is known."""
        known = pl.DataFrame({"node": self.names}).join(facts.select("node", name), on="node", how="left")
        return known[name].cast(pl.Float64).fill_null(0.0).to_numpy()


def network(ties: pl.DataFrame, nodes: Collection[str] = ()) -> Network:
    """Return ties (`TIES`) as a network; a tie told twice counts once, with its greatest weight.

    `nodes` are there whether or not they have ties.
    """
    once = ties.group_by("source", "target", "tie").agg(pl.col("weight").max()).sort("source", "target", "tie")
    given = pl.Series("node", list(nodes), dtype=pl.String)
    names = pl.concat([once["source"], once["target"], given]).unique().sort().alias("node")
    source, target = (names.search_sorted(once[side]).cast(pl.Int64).to_numpy() for side in ("source", "target"))
    return Network(names, source, target, once["tie"], once["weight"].to_numpy())
