"""The fuller file: what a firm's features would be, had it shown more of its past and were that like what it shows.

Figures of evidence look back 36 months for everybody. A firm that shows twelve of them looks like one that traded in
twelve only, and which it is nobody can tell from the figures. So beside them stand those of the file with its known
months repeated backwards, again and again, until the window is filled: each side (sales, purchases) by itself, valid
invoices as they are, red letters too. Silent months among and after the known ones stay silent.

Where another source states when the firm was registered, no month before that is supposed: there is nothing to show.
Of a side without a single valid blue invoice nothing can be supposed; that it is missing is told.

The rows that are supposed are invoices like any other: written into the book they give these features to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from services.profile.portrait.domain.features.aggregates import NEEDS, SLOTS, slot_of
from services.profile.portrait.domain.features.catalogue import compute

c = pl.col
SIDES = ("sale", "purchase")
# How far a side of a firm reaches back, of how many months, and since when the firm is registered.
SHOWN: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "direction": pl.String(),
    "reach": pl.Int32(),
    "window": pl.Int32(),
    "registered_on": pl.Date(),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """How many of the last 36 months a firm's evidence reaches back through on each side, and how many there are.

    `window` is the number of months that the firm has existed in, at most 36; `registered_on` is from when, None where
    no other source states it.
    """

    sale: int
    purchase: int
    window: int = SLOTS
    registered_on: date | None = None

    def since(self, registered_on: date | None, as_of: date) -> Shown:
        """Return the same of a firm that was registered on a day."""
        return replace(self, window=_window(as_of, registered_on), registered_on=registered_on)

    def missing(self, side: str) -> int:
        """Return how many months of a side are not shown."""
        return max(0, self.window - int(getattr(self, side)))

    @property
    def supposed(self) -> bool:
        """Whether anything can be supposed: a side is shown, and not through its whole window."""
        return any(self.missing(side) and getattr(self, side) for side in SIDES)

    def as_json(self) -> dict[str, Any]:
        """Return it as it goes over the wire: months shown of each side, and months there are."""
        shown = {side: getattr(self, side) for side in SIDES}
        day = None if self.registered_on is None else self.registered_on.isoformat()
        return {"shown": shown, "window": self.window, "registered_on": day}


def shown(invoices: pl.DataFrame, as_of: date) -> dict[str, Shown]:
    """Return what is shown of each firm whose evidence does not reach through 36 months on both sides.

    Firms without a valid blue invoice are left out, and so are those of which all is shown.
    """
    reaches = (
        _reaches(invoices, as_of)
        .group_by("enterprise")
        .agg(c("reach").filter(c("direction") == side).max().fill_null(0).alias(side) for side in SIDES)
    )
    short = reaches.filter(pl.min_horizontal(SIDES) < SLOTS).select("enterprise", *SIDES).sort("enterprise")
    return {name: Shown(sale, purchase) for name, sale, purchase in short.iter_rows()}


def supposed(invoices: pl.DataFrame, as_of: date, found: Mapping[str, Shown]) -> pl.DataFrame:
    """Return the invoices (`NEEDS`) that fill the windows of these firms, if what they do not show is like the rest."""
    sides = pl.LazyFrame(
        [
            (name, side, getattr(one, side), one.window, one.registered_on)
            for name, one in found.items()
            for side in SIDES
            if one.missing(side) and getattr(one, side)
        ],
        schema=SHOWN,
        orient="row",
    )
    # Moved back by whole months an invoice lies in no later month than so many before its own: whatever would leave the
    # window is left out before whole rows are gathered. A red letter of before the first invoice stands where it is.
    slot = slot_of(c("date"), as_of).alias("slot")
    valid = invoices.lazy().with_row_index("place").filter(c("status") == "valid", c("date") <= as_of)
    near = valid.select("place", "enterprise", "direction", slot).join(sides, on=["enterprise", "direction"])
    told = near.filter(c("slot") < c("reach"), c("slot") + c("reach") < SLOTS).collect()
    rows = invoices.select(NEEDS)[told["place"]].hstack(told.drop("place", "enterprise", "direction"))
    times = pl.DataFrame({"time": range(1, SLOTS)}, schema={"time": pl.Int32})
    back = rows.join_where(times, c("reach") * c("time") < c("window"))
    moved = back.with_columns(date=c("date").dt.offset_by(pl.format("-{}mo", c("reach") * c("time"))))
    # The last days of a month may fall into the month before the window: what is supposed lies in it.
    inside = (slot_of(c("date"), as_of) < SLOTS) & (c("date") >= c("registered_on")).fill_null(value=True)
    return moved.filter(inside).select(NEEDS)


def fuller(invoices: pl.DataFrame, as_of: date, found: Mapping[str, Shown]) -> pl.DataFrame:
    """Return the features of these firms with what is supposed of them; those of whom nothing is are left out."""
    rows = supposed(invoices, as_of, found)
    known = invoices.select(NEEDS).join(rows.select("enterprise").unique(), on="enterprise", how="semi")
    return compute(pl.concat([known, rows]), as_of=as_of)


def _reaches(invoices: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return how many months back the valid blue invoices of each firm and side reach, at most 36."""
    known = invoices.filter(c("status") == "valid", c("total_fen") > 0, c("date") <= as_of)
    months = slot_of(c("date").min(), as_of).clip(0, SLOTS - 1) + 1
    return known.group_by("enterprise", "direction").agg(reach=months.cast(pl.Int32))


def _window(as_of: date, registered_on: date | None) -> int:
    """Return in how many of the last 36 months a firm has existed."""
    if registered_on is None:
        return SLOTS
    months = (as_of.year - registered_on.year) * 12 + as_of.month - registered_on.month
    return min(max(months - (registered_on.day > as_of.day) + 1, 0), SLOTS)
