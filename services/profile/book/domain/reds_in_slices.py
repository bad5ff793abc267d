"""Red letters of a file that is looked at in slices: what only all rows of an invoice tell, or all of the file.

Whether an invoice is red is told by the sum of all its rows. A slice believes its own rows. Where an invoice has rows
in several slices and these sums are not of one sign, the file is read once more and the sums of the whole are known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl

from services.profile.book.domain.dataset import Settled
from services.profile.book.domain.red_letters import WHOLE, cancelled, red_letters, uncancelled, whole

c = pl.col
# What makes the sum of an invoice matter: a column of these, or a word for its state that is none of those.
TELLING = frozenset({"positive", "remark", "blue_number", "reversal"})
PLAIN = frozenset({"valid", "void"})
# Sums are brought together in so many turns, so that few are in memory at a time.
TURNS = 16
NOTHING = pl.DataFrame(schema={"invoice": pl.UInt64(), "sum": pl.Int64()})


class Reds:
    """The step of one reading; `known` are sums of whole invoices, `None` where no slice had to ask for any.

    Invoices are told apart by a hash of 64 bits: of six million, two fall together once in a million files.
    """

    @classmethod
    def first(cls, columns: Collection[str]) -> Reds:
        """Return the step of the first reading of a file with these columns."""
        return cls(None if TELLING.isdisjoint(columns) else NOTHING)

    def __init__(self, known: pl.DataFrame | None) -> None:
        self._known, self._slices = known, list[pl.DataFrame]()
        self._blue = self._red = 0
        self.asks = False

    def again(self) -> Reds:
        """Return the step of a reading that begins again and knows as much."""
        return Reds(self._known)

    def __call__(self, rows: pl.DataFrame) -> Settled:
        """Settle the red letters of a slice."""
        said = set(rows["status"].unique().drop_nulls()) if "status" in rows.columns else set()
        self.asks |= not TELLING.isdisjoint(rows.columns) or not said <= PLAIN
        blue, red = cancelled(rows)
        self._blue, self._red = self._blue + blue, self._red + red
        return red_letters(rows if self._known is None else self._with_sums(rows, self._known), sliced=True)

    def _with_sums(self, rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
        invoice = rows.select(name for name in ("code", "number") if name in rows.columns).hash_rows()
        each = rows.select(invoice.alias("invoice"), whole(rows).alias("sum"))
        self._slices.append(each.unique("invoice"))
        if known.is_empty():
            return rows.with_columns(each["sum"].alias(WHOLE))
        told = each.select("invoice").join(known, on="invoice", how="left", maintain_order="left")["sum"]
        return rows.with_columns(pl.select(pl.coalesce(told, each["sum"])).to_series().alias(WHOLE))

    @property
    def holds(self) -> bool:
        """Whether what was known was enough."""
        found = self.learnt()
        return found is None or (self._known is not None and found.equals(self._known))

    def learnt(self) -> pl.DataFrame | None:
        """Return what a reading has to know; None where it need not know anything."""
        if not self.asks:
            return None
        return NOTHING if self._known is None else pl.concat(self._mixed()).sort("invoice")

    def _mixed(self) -> Iterator[pl.DataFrame]:
        """Give the sums of invoices that a slice would take for another sort than they are."""
        for turn in range(TURNS):
            parts = [each.filter(c("invoice") % TURNS == turn) for each in self._slices]
            together = pl.concat([NOTHING, *parts]).filter(c("invoice").is_duplicated())
            sums = together.group_by("invoice").agg(c("sum").sum(), c("sum").sign().n_unique().alias("signs"))
            yield sums.filter(c("signs") > 1).select("invoice", "sum")

    @property
    def told(self) -> tuple[str, ...]:
        """What is told of the whole file."""
        return uncancelled(self._blue, self._red)
