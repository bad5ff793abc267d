"""The pattern of the months to come: a firm's last twelve again, and what the steps of a plan add to them.

Last year's valid invoices come again a year later, red letters too; what its source tells as cancelled does not, nor do
the red letters of the partners concerned. What is added is made of what is usual for the firm
on either side: its median month, its steadiest partners, the size of a small invoice, how many partners a month has.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from math import ceil
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.portrait.domain.features.aggregates import SLOTS, slot_of
from services.profile.portrait.domain.features.reversals import standing

Array = NDArray[Any]
c = pl.col
MONTHS = 12
QUANTILE = 0.75  # of the firm's partners a month, and of its own growth
SIDES = ("sale", "purchase")
NOBODY = -1


class Step(IntEnum):
    """What a plan adds to last year's invoices; each holds the one before."""

    CARRY_ON = 0
    EVERY_MONTH = 1
    FORMER_PARTNERS = 2


def day_after(as_of: date, months: int) -> date:
    """Return the same day so many months later, or the last of a shorter month."""
    year, month = divmod(as_of.year * 12 + as_of.month - 1 + months, 12)
    return date(year, month + 1, min(as_of.day, calendar.monthrange(year, month + 1)[1]))


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of some values, interpolated between the two next to it."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def pattern(invoices: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the rows that plans are made of, before growth: `month`, and from which step on they are in (`added`).

    The partners of the invoices are whole numbers.
    """
    known = standing(invoices).with_columns(slot=slot_of(c("date"), as_of))
    known = known.filter(c("slot") < SLOTS)
    begins = pl.DataFrame({"begins": [day_after(as_of, month) for month in range(MONTHS)]})["begins"]
    last_year = known.filter(c("slot") < MONTHS).with_columns(
        month=(MONTHS - c("slot")).cast(pl.Int64), added=pl.lit(0, pl.Int64)
    )
    # 29 February comes again on the last of the month, which may be one too early for its month of the plan.
    begun = begins.gather(last_year["month"] - 1).dt.offset_by("1d").alias("begun")
    moved = last_year.with_columns(date=pl.max_horizontal(c("date").dt.offset_by("12mo"), begun)).drop("slot")
    added = [_added(known.filter(c("direction") == side), side, as_of, moved.schema) for side in SIDES]
    return pl.concat([moved, *(rows for rows in added if rows is not None)])


def _added(known: pl.DataFrame, side: str, as_of: date, schema: pl.Schema) -> pl.DataFrame | None:
    """Return the rows of one side that the steps after the first add, in order; None where it has no blue invoice."""
    blue = known["total_fen"].to_numpy() > 0
    if not blue.any():
        return None
    usual = _Usual.of(known, blue)
    orders = list(usual.orders())
    columns = {
        "counterparty": [partners for _, _, partners, _ in orders],
        "date": [_days(as_of, month, len(partners)) for month, _, partners, _ in orders],
        "net_fen": [np.full(len(partners), net) for _, _, partners, net in orders],
        "tax_fen": [np.full(len(partners), round(net * usual.tax)) for _, _, partners, net in orders],
        "month": [np.full(len(partners), month) for month, _, partners, _ in orders],
        "added": [np.full(len(partners), int(step)) for _, step, partners, _ in orders],
    }
    rows = pl.DataFrame({name: np.concatenate([np.zeros(0, np.int64), *each]) for name, each in columns.items()})
    return rows.select(
        enterprise=pl.lit(known.item(0, "enterprise")),
        direction=pl.lit(side),
        counterparty=pl.when(c("counterparty") != NOBODY).then(c("counterparty")),
        date=c("date").cast(pl.Int32).cast(pl.Date),
        net_fen="net_fen",
        tax_fen="tax_fen",
        total_fen=c("net_fen") + c("tax_fen"),
        status=pl.lit("valid"),
        month="month",
        added="added",
    ).cast(schema)


def _days(as_of: date, month: int, count: int) -> Array:
    """Return so many days, spread over a month of a plan, as days since 1970."""
    start, end = (day_after(as_of, each).toordinal() for each in (month - 1, month))
    return start - date(1970, 1, 1).toordinal() + 1 + np.arange(count) * (end - start) // max(count, 1)


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual for a firm on one side: amounts in fen, partners by steadiness, how many of them a month has.

    `sold` is what each slot sold, `there` with whom (slots, partners).
    """

    month: int
    order: int
    tax: float
    partners: Array
    few: int
    many: int
    sold: Array
    there: Array

    @classmethod
    def of(cls, known: pl.DataFrame, blue: Array) -> _Usual:
        slot, net, tax = (known[name].to_numpy() for name in ("slot", "net_fen", "tax_fen"))
        partner = known["counterparty"].cast(pl.Int64).fill_null(NOBODY).to_numpy()
        there = np.zeros((SLOTS, partner.max() + 2), dtype=bool)
        there[slot[blue], partner[blue]] = True  # nobody is the last
        sold, worth = np.zeros(SLOTS, dtype=np.int64), np.zeros(there.shape[1], dtype=np.int64)
        np.add.at(sold, slot, net)
        np.add.at(worth, partner[blue], net[blue])
        (base,) = np.nonzero(there.any(axis=1))
        base = base[base < MONTHS] if (base < MONTHS).any() else base
        met, months = there[base, :-1].sum(axis=1).tolist(), there[:, :-1].sum(axis=0)
        (steady,) = np.nonzero(months)
        steady = steady[np.lexsort((-worth[steady], -months[steady]))]
        nets, whole = sold[base], int(net[blue].sum())
        return cls(
            month=int(quantile(nets[nets > 0].tolist() or [0], 0.5)),
            order=int(quantile(net[blue].tolist(), 1 - QUANTILE)),
            tax=int(tax[blue].sum()) / whole if whole > 0 else 0.0,
            partners=steady if len(steady) else np.array([NOBODY]),
            few=max(1, ceil(quantile(met, 0.5))),
            many=max(1, ceil(quantile(met, QUANTILE))),
            sold=sold,
            there=there,
        )

    def orders(self) -> Iterator[tuple[int, Step, Array, int]]:
        """Give the month, the step, the partners and the net amount of the invoices that are added, in order."""
        for month in range(1, MONTHS + 1):
            slot, often = MONTHS - month, self.partners[: self.many]
            missing = ~self.there[slot, often]
            if (net := int(self.sold[slot])) < self.month:
                lift = self.partners[: self.few]
                missing[: self.few] = False
                if (each := (self.month - net) // len(lift)) > 0:
                    yield month, Step.EVERY_MONTH, lift, each
            if self.order > 0:
                yield month, Step.FORMER_PARTNERS, often[missing], self.order
