"""One enterprise's sums as of many days: what `aggregates.aggregate` gives for each of them, of running sums.

Days of one day of the month look at the same months, each ending on that day: invoices are summed into these once, and
what lies in a window of months is the difference of two running sums. Sums are of integers, as they are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.portrait.domain.features.aggregates import ANCHOR, LEAN, REPEATED, SLOTS, SUMS
from services.profile.portrait.domain.features.level import levels

c = pl.col
Array = NDArray[Any]
NEVER = 2**31 - 1  # a day number after all days
TOGETHER = 2048  # partners that are summed at once: what they take is bounded
HALF = 25  # bits: numbers of twice as many are squared in halves
DATES, RUNS = ("first", "last"), ("gap", "silent", "oldest")
EPOCH = date(1970, 1, 1).toordinal()


def sums_of_days(rows: pl.DataFrame, days: Sequence[date], day: str) -> pl.DataFrame:
    """Return the sums of one enterprise's rows (`aggregates.rows_of`) as of each day: one row per value of `day`.

    Rows come only of days on which an invoice was known, and have the columns that features are read off. Where a side
    has no invoice its sums are zero, and its first and last day and its runs of months null.
    """
    ordered = sorted(days)
    known, months = _placed(_arrays(rows), ordered)
    grids = _grids(known, months)
    there = np.flatnonzero(months.running(grids["rows"]).sum(axis=0)[months.at] > 0)
    flows, partners, found = _flows(grids, months), _partners(known, months), _seasons(grids, months)
    for side, prefix in ((1, "s_"), (0, "p_")):
        found |= {prefix + name: each[side] for name, each in (flows | partners).items()}
    told = pl.Series(day, [ordered[place] for place in there], dtype=pl.Date)
    return pl.DataFrame([told, *(_series(name, each[there]) for name, each in found.items())])


def _arrays(rows: pl.DataFrame) -> dict[str, Array]:
    found = rows.select(
        *SUMS,
        "days",
        first=c("first").to_physical().cast(pl.Int64).fill_null(NEVER),
        last=c("last").to_physical().cast(pl.Int64).fill_null(-NEVER),
        # Purchases before sales; who has no code is no partner.
        side=c("sale").cast(pl.Int64),
        partner=c("counterparty").rank("dense").cast(pl.Int64).fill_null(0),
        month=c("date").dt.year().cast(pl.Int64) * 12 + c("date").dt.month().cast(pl.Int64),
        day=c("date").dt.day().cast(pl.Int64),
    )
    return {name: found[name].to_numpy() for name in found.columns}


@dataclass(frozen=True, slots=True)
class _Months:
    """Columns that are months, those of one turn after those of another; the first of each holds all before them."""

    turns: int
    of_turn: int
    column: Array  # of each row
    at: Array  # of each day
    days: Array  # day numbers

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.turns * self.of_turn

    def running(self, grid: Array, op: np.ufunc = np.add) -> Array:
        """Return running sums over the months of each turn; months are the last axis."""
        parted = grid.reshape(*grid.shape[:-1], self.turns, self.of_turn)
        found: Array = op.accumulate(parted, axis=-1).reshape(grid.shape)
        return found


def _placed(rows: Mapping[str, Array], days: Sequence[date]) -> tuple[dict[str, Array], _Months]:
    """Return rows, once for each day of the month that days have, with the columns that they lie in."""
    of_days, turn = np.array([(each.year * 12 + each.month, each.day) for each in days]).T
    turns, of_turn = np.unique(turn, return_inverse=True)
    base = int(of_days.min()) - SLOTS
    width = int(of_days.max()) - base + 1
    column = np.maximum(rows["month"] + (rows["day"] > turns[:, None]) - base, 0)
    which, row = np.nonzero(column < width)
    day_numbers = np.array([each.toordinal() - EPOCH for each in days])
    months = _Months(
        len(turns), width, which * width + column[which, row], of_turn * width + of_days - base, day_numbers
    )
    return {name: each[row] for name, each in rows.items()}, months


def _series(name: str, values: Array) -> pl.Series:
    """Return sums in the type that they have when polars adds them; of days and runs none is null."""
    if values.dtype == object:
        return pl.Series(name, values.tolist(), dtype=pl.Int128)
    if name[2:] in DATES:
        return pl.Series(name, [each if abs(each) < NEVER else None for each in values.tolist()], pl.Int32).cast(
            pl.Date
        )
    if name[2:] in RUNS:
        return pl.Series(name, [each if each >= 0 else None for each in values.tolist()], pl.Int64)
    return pl.Series(name, values, nan_to_null=True)


def _grids(rows: Mapping[str, Array], months: _Months) -> dict[str, Array]:
    """Return what the rows of each side and month add up to: (side, column)."""
    place = (rows["side"], months.column)
    found = {name: np.zeros((2, months.width), dtype=np.int64) for name in (*SUMS, "days", "rows")}
    for name in SUMS:
        np.add.at(found[name], place, rows[name])
    np.add.at(found["rows"], place, 1)
    np.bitwise_or.at(found["days"], place, rows["days"])
    for name, op, nothing in (("first", np.minimum, NEVER), ("last", np.maximum, -NEVER)):
        found[name] = np.full((2, months.width), nothing, dtype=np.int64)
        op.at(found[name], place, rows[name])
        found[name] = months.running(found[name], op)
    found["level"] = levels(found["net"])
    return found


def _flows(grids: Mapping[str, Array], months: _Months) -> dict[str, Array]:
    """Return the sums over windows of months of both sides (side, day), as `aggregates` names and makes them."""
    slots = months.at[:, None] - np.arange(SLOTS)  # (day, slot)
    of_slots = {name: grids[name][:, slots] for name in ("net", "level", "blues", "days", "rows")}
    net, high = of_slots["net"], of_slots["level"]
    active = of_slots["blues"] > 0

    def within(name: str, until: int, after: int = 0) -> Array:
        running = months.running(grids[name])
        found: Array = running[:, months.at - after] - running[:, months.at - until]
        return found

    return {
        "net_3": within("net", 3),
        "net_3_before": within("net", 15, 12),
        "net_6": within("net", 6),
        "net_6_before": within("net", 18, 12),
        "net_12": within("net", 12),
        "net_12_before": within("net", 24, 12),
        "net_24": within("net", 24),
        "net_36": within("net", SLOTS),
        "moment_24": (net[..., :24] * np.arange(24)).sum(-1),
        "squares_24": _squares(net[..., :24]),
        "level_6": within("level", 6),
        "level_12": within("level", 12),
        "level_36": within("level", SLOTS),
        "lean_12": np.sort(high[..., :12], axis=-1)[..., :LEAN].sum(-1),
        "peak_12": _peak(net, of_slots["rows"], months.running(grids["rows"])[:, months.at - 12]),
        "typical_12": _median(net[..., :12], active[..., :12]),
        "tax_36": within("tax", SLOTS),
        "charged_12": within("charged", 12),
        "charged_36": within("charged", SLOTS),
        "cancelled_36": within("cancelled", SLOTS),
        "issued_36": within("issued", SLOTS),
        "blues_12": within("blues", 12),
        "blues_36": within("blues", SLOTS),
        "reds_36": within("reds", SLOTS),
        "voids_36": within("voids", SLOTS),
        "days_12": np.bitwise_count(of_slots["days"][..., :12]).sum(-1, dtype=np.int64),
        "active": (active << np.arange(SLOTS)).sum(-1),
        **_runs(active),
        "first": grids["first"][:, months.at],
        "last": grids["last"][:, months.at],
    }


def _squares(values: Array) -> Array:
    """Return the sums of squares (…, values), which are wider than 64 bits; of `TOGETHER` values at most."""
    if np.abs(values).max(initial=0) >= 1 << 2 * HALF:
        whole: Array = (values.astype(object) ** 2).sum(-1)
        return whole
    high, low = values >> HALF, values & ((1 << HALF) - 1)
    sums = [(one * other).sum(-1).astype(object) for one, other in ((high, high), (high, low), (low, low))]
    found: Array = (sums[0] << 2 * HALF) + (sums[1] << HALF + 1) + sums[2]
    return found


def _peak(net: Array, rows: Array, earlier: Array) -> Array:
    """Return the highest of the last twelve months with rows; rows of earlier months stand for nothing sold."""
    least = np.iinfo(np.int64).min
    highest = np.where(rows[..., :12] > 0, net[..., :12], least).max(-1)
    found: Array = np.where(earlier > 0, np.maximum(highest, 0), np.where(highest > least, highest, 0))
    return found


def _median(net: Array, active: Array) -> Array:
    """Return the median of the active months, NaN where there are none."""
    count = active.sum(-1)
    ordered = np.sort(np.where(active, net, np.iinfo(np.int64).max), axis=-1)
    middle = np.maximum(count - 1, 0)
    low, high = (np.take_along_axis(ordered, at[..., None], -1)[..., 0] for at in (middle // 2, (middle + 1) // 2))
    halves = low.astype(np.float64) + 0.5 * (high - low).astype(np.float64)
    found: Array = np.where(count > 0, halves, np.nan)
    return found


def _runs(active: Array) -> dict[str, Array]:
    """Return the longest step from one active month to the next, the latest and the oldest of them; −1 for none."""
    slots = np.arange(SLOTS)
    last = np.maximum.accumulate(np.where(active, slots, -1), axis=-1)
    before = np.concatenate([np.full((*last.shape[:-1], 1), -1), last[..., :-1]], axis=-1)
    some = active.any(-1)
    return {
        "gap": np.where(active & (before >= 0), slots - before, -1).max(-1),
        "silent": np.where(some, active.argmax(-1), -1),
        "oldest": last[..., -1],
    }


def _seasons(grids: Mapping[str, Array], months: _Months) -> dict[str, Array]:
    """Return the sums over the positions of a year, of what was sold in each in the last two years."""
    sold = grids["net"][1][months.at[:, None] - np.arange(24)].clip(0).astype(object)
    now, before = sold[:, :12], sold[:, 12:]
    both = now + before
    return {
        "season_total": both.sum(-1),
        "season_squares": (both * both).sum(-1),
        "season_now": now.sum(-1),
        "season_before": before.sum(-1),
        "season_now_squares": (now * now).sum(-1),
        "season_before_squares": (before * before).sum(-1),
        "season_products": (now * before).sum(-1),
        "season_kept": np.minimum(now, before).sum(-1),
    }


def _partners(rows: Mapping[str, Array], months: _Months) -> dict[str, Array]:
    """Return what was traded with partners of both sides: (side, day), as `aggregates.partners_of` has it."""
    named = np.flatnonzero(rows["partner"] > 0)
    found: dict[str, Array] = {}
    for side in (0, 1):
        own = named[rows["side"][named] == side]
        codes, link = np.unique(rows["partner"][own], return_inverse=True)
        for start in range(0, max(len(codes), 1), TOGETHER):
            near = (link >= start) & (link < start + TOGETHER)
            some, count = own[near], min(len(codes) - start, TOGETHER)
            for name, each in _traded(rows, some, link[near] - start, count, months).items():
                sums = found.setdefault(name, np.zeros((2, len(months.at)), dtype=each.dtype))
                sums[side] = np.maximum(sums[side], each) if name == "top1_12" else sums[side] + each
    return found


def _traded(rows: Mapping[str, Array], some: Array, link: Array, count: int, months: _Months) -> dict[str, Array]:
    """Return the sums over the partners (links) of some rows of one side, by day."""
    place, at = (link, months.column[some]), months.at
    net, blues = np.zeros((2, count, months.width), dtype=np.int64)
    since = np.full((count, months.width), NEVER, dtype=np.int64)
    np.add.at(net, place, rows["net"][some])
    np.add.at(blues, place, rows["blues"][some])
    np.minimum.at(since, place, rows["first"][some])
    sold, months_met = months.running(net), months.running((blues > 0).astype(np.int64))
    now, middle, early, oldest = (sold[:, at - ago].T for ago in (0, 12, 24, SLOTS))
    x12, before, x36 = ((until - after).clip(0) for until, after in ((now, middle), (middle, early), (now, oldest)))
    met = (months_met[:, at] - months_met[:, at - SLOTS]).T
    fresh = (months_met[:, at - 12] == months_met[:, at - SLOTS]).T
    known_since = months.running(since, np.minimum)[:, at].T
    age = np.where(known_since < NEVER, months.days[:, None] - known_since, 0)
    return {
        "partners_12": (x12 > 0).sum(-1),
        "partners_12_before": (before > 0).sum(-1),
        "traded_12": x12.sum(-1),
        "traded_12_before": before.sum(-1),
        "traded_36": x36.sum(-1),
        "squares_12": _squares(x12),
        "top1_12": x12.max(-1, initial=0),
        "kept_12": (before * (x12 > 0)).sum(-1),
        "kept_24": np.minimum(x12, before).sum(-1),
        "repeated_36": (x36 * (met >= REPEATED)).sum(-1),
        "anchored_36": (x36 * (met >= ANCHOR)).sum(-1),
        "repeats_36": ((met >= REPEATED) & (x36 > 0)).sum(-1),
        "met_36": met.sum(-1),
        "newly_12": (x12 * fresh).sum(-1),
        "age_12": (x12 * age).sum(-1),
    }
