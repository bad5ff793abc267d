"""The outlook of a file: what its invoices and those of each plan add up to in the months to come, all plans at once.

The sums are those that `aggregates` would make of the written invoices, to the bit. They are made of running sums over
the columns of a `month_grid`: what lies in a window of months is the difference of two.

Growth differs between plans, additions (`added`) are nested, and most partners meet neither: whom no plan trades with
is summed once, whom plans only carry on with once a growth, and the few others once a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

import numpy as np
import polars as pl

from services.profile.portrait.domain.features.aggregates import ANCHOR, REPEATED, SLOTS, Parts
from services.profile.portrait.domain.month_grid import MEASURES, NEVER, Array, Cells, Grid, Plans, arrays, placed

c = pl.col
_OF_LINKS = ("net", "blues", "first")


@dataclass(frozen=True, slots=True)
class Outlook:
    """`parts` by `row`, the place of a plan times the moments plus the moment's; `trade` by plan and month from 1."""

    parts: Parts
    trade: pl.DataFrame


def outlook(past: pl.DataFrame, new: pl.DataFrame, plans: Plans, wanted: Collection[str]) -> Outlook:
    """Return the sums of plans from rows (`aggregates.rows_of`) of what is known and of the months to come.

    `counterparty` is a number in both. The new rows have their `added`, and come once a growth, in the same order.
    `wanted` are the sums of partners that are needed.
    """
    file, ahead = arrays(past, 1), arrays(new, plans.growths)
    ahead["added"] = new["added"].to_numpy()[: ahead["net"].shape[1]]
    links = _Links.of(file, ahead)
    months, partners, trades = [], [], []
    for turn in sorted({day.day for day in plans.days}, reverse=True):  # the day's own first
        at = np.array([place for place, day in enumerate(plans.days) if day.day == turn])
        grid = Grid(plans, at, placed(file, links.past, plans, turn), placed(ahead, links.new, plans, turn))
        months.append(_months(grid))
        known, added = grid.known.cells(grid.known.link, _OF_LINKS), grid.new.cells(grid.new.link, _OF_LINKS)
        groups = [_group(known, added, links, grid, *each) for each in links.groups(plans)]
        partners.append(_partners(groups, grid, wanted))
        trades.append((added, grid))
    return Outlook(Parts(pl.concat(months).lazy(), pl.concat(partners).lazy()), _trade(*trades[0], links))


@dataclass(frozen=True, slots=True)
class _Links:
    """Partners of a side: the link of each row, the side of each link (sales first), and which plans deal with it.

    A link of nobody, one a side, is whom invoices without a code are with: no partner, but a buyer.
    """

    past: Array
    new: Array
    sale: Array
    nobody: Array
    kind: Array  # 0 no plan, 1 carried on with, 2 added

    @classmethod
    def of(cls, file: Mapping[str, Array], ahead: Mapping[str, Array]) -> _Links:
        """Return the links of the rows of a file and of its plans."""
        codes = 2 + max(file["partner"].max(initial=-1), ahead["partner"].max(initial=-1))
        past, new = (np.where(rows["sale"], 0, codes) + rows["partner"] + 1 for rows in (file, ahead))
        seen = np.zeros(2 * codes, dtype=bool)
        seen[past] = seen[new] = True
        place = np.cumsum(seen) - 1
        (code,) = np.nonzero(seen)
        kind = np.zeros(len(code), dtype=np.int64)
        kind[place[new]] = 1
        kind[place[new[ahead["added"] > 0]]] = 2
        return cls(place[past], place[new], code < codes, code % codes == 0, kind)

    def groups(self, plans: Plans) -> Sequence[tuple[Array, int, int]]:
        """Return the partners that go alike: which, for how many growths, for how many steps."""
        sizes = ((1, 1), (plans.growths, 1), (plans.growths, plans.steps))
        return [(np.flatnonzero((self.kind == kind) & ~self.nobody), *size) for kind, size in enumerate(sizes)]


def _months(grid: Grid) -> pl.DataFrame:
    """Return one row per row of the grid, side and slot, as `aggregates.months_of` has them."""
    plans = grid.plans
    known, new = (rows.cells(rows.side, MEASURES) for rows in (grid.known, grid.new))
    # (plan, side, moment, slot) is read off (plan, side, column).
    place = np.clip(grid.at[:, None] + SLOTS - np.arange(SLOTS + 1), 0, None)
    found: dict[str, Array] = {}
    for name, (op, nothing) in MEASURES.items():
        past = np.full((2, plans.width), nothing, dtype=np.int64)
        past[known.where, known.column] = known.sums[name][0]
        ahead = np.full((plans.growths, plans.steps, 2, plans.width), nothing, dtype=np.int64)
        ahead[:, new.added, new.where, new.column] = new.sums[name]
        slots = op(past, op.accumulate(ahead, axis=1))[plans.places][:, :, place]
        slots[..., SLOTS] = op.accumulate(past, axis=-1)[:, grid.at]  # the last holds all from before the others
        found[name] = slots
    there = found["rows"] > 0
    plan, side, moment, slot = np.nonzero(there)
    frame = pl.DataFrame(
        {"row": grid.rows[plan, moment], "sale": side == 1, "slot": slot}
        | {name: each[there] for name, each in found.items() if name != "rows"}
    )
    return frame.with_columns(
        pl.when(c(name).abs() < NEVER).then(c(name)).cast(pl.Int32).cast(pl.Date) for name in ("first", "last")
    )


@dataclass(frozen=True, slots=True)
class _Traded:
    """What was traded with some partners of a side, as `aggregates.partners_of` has it: each (moments, partners)."""

    x12: Array
    x12_before: Array
    x36: Array
    met: Array
    fresh: Array
    age: Array

    def of(self, side: slice) -> _Traded:
        """Return it for the partners of one side."""
        return _Traded(
            self.x12[:, side], self.x12_before[:, side], self.x36[:, side],
            self.met[:, side], self.fresh[:, side], self.age[:, side],
        )  # fmt: skip


_PARTNER_SUMS: Mapping[str, Callable[[_Traded], Array]] = {
    "partners_12": lambda t: np.count_nonzero(t.x12, axis=-1),
    "partners_12_before": lambda t: np.count_nonzero(t.x12_before, axis=-1),
    "traded_12": lambda t: t.x12.sum(-1),
    "traded_12_before": lambda t: t.x12_before.sum(-1),
    "traded_36": lambda t: t.x36.sum(-1),
    "squares_12": lambda t: (t.x12.astype(object) ** 2).sum(-1),  # wider than 64 bits
    "top1_12": lambda t: t.x12.max(-1, initial=0),
    "kept_12": lambda t: (t.x12_before * (t.x12 > 0)).sum(-1),
    "kept_24": lambda t: np.minimum(t.x12, t.x12_before).sum(-1),
    "repeated_36": lambda t: (t.x36 * (t.met >= REPEATED)).sum(-1),
    "anchored_36": lambda t: (t.x36 * (t.met >= ANCHOR)).sum(-1),
    "repeats_36": lambda t: np.count_nonzero((t.met >= REPEATED) & (t.x36 > 0), axis=-1),
    "met_36": lambda t: t.met.sum(-1),
    "newly_12": lambda t: (t.x12 * t.fresh).sum(-1),
    "age_12": lambda t: (t.x12 * t.age).sum(-1),
}


@dataclass(frozen=True, slots=True)
class _Group:
    """Partners that go alike: running sums (columns, partners) of the past, (growths, steps, months, …) of the new."""

    sales: int
    net: Array
    met: Array
    since: Array
    new_net: Array
    new_met: Array
    new_since: Array

    def traded(self, grid: Grid, growth: int, step: int) -> _Traded:
        """Return what is traded with them as of the moments of a grid, after so much growth and so many steps."""
        at = grid.at
        days = np.array([each.toordinal() for each in grid.plans.days])[at] - date(1970, 1, 1).toordinal()
        now, middle, early, first = (self.net[at + back] for back in (SLOTS, SLOTS - 12, SLOTS - 24, 0))
        new = self.new_net[growth, step, at]
        since = np.minimum(self.since, self.new_since[step, at])
        return _Traded(
            x12=np.maximum(now - middle + new, 0),
            x12_before=np.maximum(middle - early, 0),
            x36=np.maximum(now - first + new, 0),
            met=self.met[at + SLOTS] - self.met[at] + self.new_met[growth, step, at],
            fresh=self.met[at + SLOTS - 12] == self.met[at],
            age=np.where(since < NEVER, days[:, None] - since, 0),
        )


def _group(known: Cells, new: Cells, links: _Links, grid: Grid, which: Array, growths: int, steps: int) -> _Group:
    """Return the running sums of some partners."""
    local = np.full(len(links.sale), -1)
    local[which] = np.arange(len(which))
    before, after = local[known.where] >= 0, local[new.where] >= 0
    at = (known.column[before], local[known.where[before]])
    then = (new.added[after], new.column[after] - SLOTS, local[new.where[after]])
    past, ahead = {}, {}
    for name in _OF_LINKS:
        op, nothing = MEASURES[name]
        past[name] = np.full((grid.plans.width, len(which)), nothing, dtype=np.int64)
        past[name][at] = known.sums[name][0, before]
        cells = np.full((growths, steps, len(grid.plans.days), len(which)), nothing, dtype=np.int64)
        cells[:, *then] = new.sums[name][:growths, after]
        ahead[name] = op.accumulate(cells, axis=1)
    return _Group(
        sales=int(np.count_nonzero(links.sale[which])),
        net=np.cumsum(past["net"], axis=0),
        met=np.cumsum(past["blues"] > 0, axis=0),
        since=past["first"].min(axis=0, initial=NEVER),
        new_net=np.cumsum(ahead["net"], axis=2),
        # The last days of a long month lie in the same slot as the first of a plan: together they are one month met.
        new_met=np.cumsum((ahead["blues"] > 0) & (past["blues"][SLOTS:] <= 0), axis=2),
        new_since=np.minimum.accumulate(ahead["first"][0], axis=1),
    )


def _partners(groups: Sequence[_Group], grid: Grid, wanted: Collection[str]) -> pl.DataFrame:
    """Return one row per row of the grid and side, as `aggregates.partners_of` has them."""
    plans, moments = grid.plans, len(grid.at)
    names = [name for name in _PARTNER_SUMS if name in wanted]
    sums = {
        name: np.zeros((plans.growths, plans.steps, 2, moments), dtype=object if name == "squares_12" else np.int64)
        for name in names
    }
    for group in groups:
        growths, steps = group.new_net.shape[:2]
        for growth, step in product(range(growths), range(steps)):
            # What goes alike in all growths or steps is added to all of them.
            at = (slice(None) if growths == 1 else growth, slice(None) if steps == 1 else step)
            traded = group.traded(grid, growth, step)
            for side, part in ((1, slice(group.sales)), (0, slice(group.sales, None))):
                of_side = traded.of(part)
                for name in names:
                    op = np.maximum if name == "top1_12" else np.add
                    sums[name][*at, side] = op(sums[name][*at, side], _PARTNER_SUMS[name](of_side))
    shape = (len(plans.each), 2, moments)
    keys = {
        "row": np.broadcast_to(grid.rows[:, None], shape).ravel(),
        "sale": np.broadcast_to(np.array([False, True])[:, None], shape).ravel(),
    }
    return pl.DataFrame(keys | {name: _series(each[plans.places].ravel()) for name, each in sums.items()})


def _series(sums: Array) -> pl.Series:
    return pl.Series(sums.tolist(), dtype=pl.Int128) if sums.dtype == object else pl.Series(sums)


def _trade(new: Cells, grid: Grid, links: _Links) -> pl.DataFrame:
    """Return what each month of each plan sells and buys, with zeros where it does nothing."""
    plans, months = grid.plans, len(grid.plans.days)
    plan, month = np.indices((len(plans.each), months - 1)).reshape(2, -1)
    net, met = np.zeros((2, plans.growths, plans.steps, 2, months), dtype=np.int64)
    sides = grid.new.cells(grid.new.side, ("net",))
    net[:, sides.added, sides.where, sides.column - SLOTS] = sides.sums["net"]
    # Of those with whom plans do more than carry on, each counts once a month.
    once = (links.kind == 2) | links.nobody
    carried = ~once[new.where]
    at = (new.column[carried] - SLOTS) * 2 + links.sale[new.where[carried]]
    for growth, blues in enumerate(new.sums["blues"][:, carried] > 0):
        met[growth, 0] = np.bincount(at[blues], minlength=2 * months).reshape(months, 2).T
    cells = np.zeros((plans.growths, plans.steps, months, np.count_nonzero(once)), dtype=np.int64)
    added, column, link = (each[~carried] for each in (new.added, new.column, new.where))
    cells[:, added, column - SLOTS, (np.cumsum(once) - 1)[link]] = new.sums["blues"][:, ~carried]
    seen = np.add.accumulate(cells, axis=1) > 0
    net, met = net.cumsum(axis=1), met.cumsum(axis=1)
    for side in (0, 1):
        met[:, :, side] += np.count_nonzero(seen[..., links.sale[once] == side], axis=-1)
    found = {"sales": net[:, :, 1], "buyers": met[:, :, 1], "purchases": net[:, :, 0], "suppliers": met[:, :, 0]}
    return pl.DataFrame(
        {"plan": plan, "month": month + 1} | {name: each[plans.places][:, 1:].ravel() for name, each in found.items()}
    )
