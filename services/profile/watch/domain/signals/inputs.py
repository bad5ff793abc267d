"""What signals look at: the evidence of a moment, what else is known, and tables that several of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from services.profile.book.domain.evidence import Evidence
from services.profile.graph.domain import rings
from services.profile.portrait.domain.features.aggregates import slot_of
from services.profile.watch.domain.signals.thresholds import Threshold, threshold_on

c = pl.col
# Who defaulted, as known at the moment.
OUTCOMES: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "defaulted": pl.Boolean(),
    "observed_on": pl.Date(),
    "import_id": pl.String(),
}
# Reads of files that count as queries on the firm's credit.
QUERIES: dict[str, pl.DataType] = {"enterprise": pl.String(), "client": pl.String(), "date": pl.Date()}
# What is usual among an enterprise's peers.
NORMS: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "void_rate": pl.Float64(),
    "burden_low": pl.Float64(),
    "burden_high": pl.Float64(),
    "margin_low": pl.Float64(),
    "margin_high": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beside the evidence: outcomes, queries, norms of peers, and which kinds of data the book has.

    `asked_on` is the day up to which queries count (None: the scene's own): a book may be older than its readers. `own`
    are the imports by which enterprises spoke of themselves. `firms` have a file beside those of the scene.
    """

    outcomes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OUTCOMES))
    queries: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUERIES))
    norms: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NORMS))
    kinds: frozenset[str] = frozenset()
    asked_on: date | None = None
    own: frozenset[str] = frozenset()
    firms: frozenset[str] = frozenset()


class SignalInputs:
    """The evidence of many enterprises on a day; the day's thresholds; shared tables, made when first asked for."""

    def __init__(
        self,
        evidence: Evidence,
        as_of: date,
        beside: Surroundings | None = None,
        thresholds: Sequence[Threshold] | None = None,
    ) -> None:
        self.evidence = evidence
        self.as_of = as_of
        self.beside = beside or Surroundings()
        self._thresholds = thresholds

    def threshold(self, signal: str) -> Threshold:
        """Return what counts for a signal on this day."""
        return threshold_on(signal, self.as_of, self._thresholds)

    def has(self, kind: str) -> bool:
        """Tell whether the book holds any data of a kind."""
        if kind in self.beside.kinds:
            return True
        beside = {"outcomes": self.beside.outcomes, "queries": self.beside.queries, "norms": self.beside.norms}
        table = beside[kind] if kind in beside else getattr(self.evidence, kind.replace("-", "_"))
        return not table.is_empty()

    @cached_property
    def valid(self) -> pl.DataFrame:
        """Valid invoices with their slot: whole months between their day and the as-of day."""
        invoices = self.evidence.invoices
        rows = invoices.filter((c("status") == "valid") & (c("date") <= self.as_of))
        return rows.with_columns(slot=slot_of(c("date"), self.as_of).cast(pl.Int64))

    @cached_property
    def heard(self) -> pl.DataFrame:
        """Valid invoices that others than the enterprises themselves say: what ties one enterprise to another.

        Who makes an invoice up would learn from it whether the other is in the book, or in trouble (ADR 28).
        """
        own = self.beside.own
        return self.valid.filter(~c("import_id").is_in(sorted(own)).fill_null(value=False)) if own else self.valid

    @cached_property
    def rings(self) -> rings.Found:
        """Rings of invoices between enterprises of the book that closed since the days that can matter."""
        limit = self.threshold("circular-invoicing")
        hops = rings.hops_between(
            self.heard,
            {*self.valid["enterprise"].unique(), *self.beside.firms},
            since=self.as_of - timedelta(days=int(limit["recent_days"] + limit["days"])),
            least_fen=int(limit["least_fen"]),
        )
        terms = rings.Terms(longest=int(limit["hops"]), days=int(limit["days"]), tolerance=limit["tolerance"])
        return rings.find(hops, terms)

    @cached_property
    def sales(self) -> pl.DataFrame:
        """Valid sales invoices with their slot."""
        return self.valid.filter(c("direction") == "sale")

    @cached_property
    def reach(self) -> pl.DataFrame:
        """How far back each enterprise is known: enterprise, reach (slot of its first valid invoice)."""
        return self.valid.group_by("enterprise").agg(reach=c("slot").max())

    @cached_property
    def months(self) -> pl.DataFrame:
        """Net sales of each enterprise in each slot from 0 to 38 that it is known in; silent ones are zero.

        Columns: enterprise, reach, slot, net (fen), quarter (sum of this slot and the two before it).
        """
        sums = self.sales.filter(c("slot") < 39).group_by("enterprise", "slot").agg(net=c("net_fen").sum())
        slots = pl.DataFrame({"slot": range(39)}, schema={"slot": pl.Int64})
        dense = self.reach.join(slots, how="cross").filter(c("slot") <= c("reach"))
        full = dense.join(sums, on=["enterprise", "slot"], how="left").with_columns(c("net").fill_null(0))
        quarter = c("net") + c("net").shift(-1).over("enterprise") + c("net").shift(-2).over("enterprise")
        return full.sort("enterprise", "slot").with_columns(quarter=quarter)

    @cached_property
    def customers(self) -> pl.DataFrame:
        """Each enterprise's links to customers (`links`)."""
        return links(self.sales)

    @cached_property
    def heard_customers(self) -> pl.DataFrame:
        """The same of the sales that others say."""
        return links(self.heard.filter(c("direction") == "sale")) if self.beside.own else self.customers


def links(sales: pl.DataFrame) -> pl.DataFrame:
    """Return the links of sellers to customers; persons, who have no code, are none.

    Columns: enterprise, counterparty, net_3, net_12, net_12_before (fen), first_on, last_on, meetings (days with
    a positive invoice), gap (the usual number of days between them: their median), all_3, all_12 (fen: what was
    sold to anybody, persons among them; null where that is nothing: of it nobody has a share).
    """
    blue = c("total_fen") > 0

    def within(until: int, after: int = 0) -> pl.Expr:
        return pl.when((c("slot") >= after) & (c("slot") < until)).then(c("net_fen")).otherwise(0).sum()

    days = c("date").filter(blue).unique().sort()
    found = sales.group_by("enterprise", "counterparty").agg(
        net_3=within(3),
        net_12=within(12),
        net_12_before=within(24, 12),
        first_on=c("date").min(),
        last_on=c("date").filter(blue).max(),
        meetings=days.len(),
        gap=days.diff().dt.total_days().median(),
    )
    sums = {f"all_{months}": c(f"net_{months}").clip(0).sum().over("enterprise") for months in (3, 12)}
    found = found.with_columns(pl.when(whole > 0).then(whole).alias(name) for name, whole in sums.items())
    found = found.filter(c("counterparty").is_not_null())
    # In one order always: sums of floats and ties between customers must not depend on threads.
    return found.sort("enterprise", "counterparty")


def ranked(links: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return links with `rank`: 1 for the enterprise's largest; of equal ones the first by name."""
    ordered = links.sort("enterprise", column, "counterparty", descending=[False, True, False])
    return ordered.with_columns(rank=pl.int_range(1, pl.len() + 1).over("enterprise"))
