"""All parts of peer figures as one: the groups of peers, the network of trade, and who names whom.

No more of the book is held than one part of it, or one dimension's figures of all firms; of its deals two numbers each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.portrait.domain.indicators import Edges, network
from services.profile.portrait.domain.peers import USUAL, as_rows, grouped, peers
from services.profile.portrait.peer_files import NAMES, PeerFiles, index_names
from services.profile.portrait.usecases.figure_parts import ROSTER, TOLD

c = pl.col


@dataclass(frozen=True, slots=True)
class All:
    """All parts as one: the stamps of what each part says of others and of its figures, and who the firms are."""

    stamp: str
    files: PeerFiles
    heard: tuple[str, ...]
    figured: tuple[str, ...]

    def tables(self, name: str) -> list[pl.LazyFrame]:
        """Return the table of this name of each part, unread."""
        return [self.files.read(stamp, f"{name}-{at}") for at, stamp in enumerate(self.figured)]

    def table(self, name: str) -> pl.DataFrame:
        """Return the tables of this name, one under the other."""
        return pl.concat(self.tables(name), how="diagonal").collect()


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of all firms, sorted: tables of some of them each, and which places these take."""

    firms: pl.Series
    tables: Sequence[tuple[pl.LazyFrame, NDArray[np.uint32]]]

    @classmethod
    def of(cls, tables: Sequence[pl.LazyFrame]) -> Figures:
        """Return the figures of tables that each have a row a firm."""
        told = [table.select("enterprise").collect().to_series() for table in tables]
        firms = pl.concat(told).unique().sort()
        numbered = pl.DataFrame({"enterprise": firms}).with_row_index("place")
        placed = (names.to_frame().join(numbered, on="enterprise", how="left", maintain_order="left") for names in told)
        places = [each["place"].to_numpy() for each in placed]
        return cls(firms, list(zip(tables, places, strict=True)))

    def read(self, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Return the figures of these names that there are, as columns; what is unknown is NaN."""
        columns: dict[str, NDArray[np.float64]] = {}
        for table, places in self.tables:
            there = table.collect_schema().names()
            for values in table.select(name for name in names if name in there).collect():
                column = columns.setdefault(values.name, np.full(self.firms.len(), np.nan))
                column[places] = values.fill_null(np.nan).to_numpy()
        return columns


def combine(whole: All) -> tuple[int, int]:
    """Write the groups of peers and the network of all parts; return how many firms have any figure, and trade."""
    files, stamp = whole.files, whole.stamp
    roster = files.read(stamp, TOLD).select(ROSTER).sort("enterprise").collect()
    files.write(stamp, NAMES, index_names(files, whole.heard, roster["enterprise"]))
    large = roster.filter(c("size_class") == "large")["enterprise"]
    edges = Edges(whole.tables("links"), whole.table("relations"), whole.table("troubled"))
    tied = network(edges, large, whole.table("checks"))
    files.write(stamp, "network", tied)
    tables = whole.tables("figures")
    traded = pl.concat(tables, how="diagonal").filter(c("traded")).select("enterprise", *USUAL).collect()
    files.write(stamp, "usual", as_rows(peers(traded.sort("enterprise"), roster)))
    figures = Figures.of([*tables, tied.lazy()])
    files.write(stamp, "groups", grouped(figures.firms, roster, figures.read))
    files.write(stamp, "firms", roster)
    figured = sum(table.select(pl.len()).collect().item() for table in tables)
    return figured, traded.height
