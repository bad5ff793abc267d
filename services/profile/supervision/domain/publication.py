"""One month of the integrity index as it is published: what adds up, what changed and why, and what is not told.

The index of a cell is the mean of its firms' points; in whole hundredths it is the sum of its components' contributions
exactly. A change against the month before is the sum of the components' changes among firms that stayed, and of the
effect of those that came and went (composition), exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.supervision.domain.cells import (
    FIRMS,
    KEY,
    LARGEST,
    SECOND,
    TOTAL,
    Cell,
    cell,
    tabulated,
)
from services.profile.supervision.domain.panel import LEAST, Panel
from services.profile.supervision.domain.suppression import dominated, hidden_cells

KNOWN = "known"
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Change:
    """What moved a cell's index since the month before: hundredths by component, and by who came and went."""

    components: Mapping[str, int]
    composition: int

    @property
    def total(self) -> int:
        """The change of the index."""
        return sum(self.components.values()) + self.composition


@dataclass(frozen=True, slots=True)
class Figures:
    """What is published of a cell: how many firms, hundredths of a point by component, and the weight that is known.

    `known` is the mean weight of the indicators of which something is known, in hundredths of a percent. `change` is
    None where the cell was not published the month before.
    """

    firms: int
    components: Mapping[str, int]
    known: int
    change: Change | None = None

    @property
    def index(self) -> int:
        """The index, 0–10,000 hundredths."""
        return sum(self.components.values())


@dataclass(frozen=True, slots=True)
class Month:
    """A month's cells, each with its figures, or None where they are not published."""

    cells: Mapping[Cell, Figures | None]

    @property
    def hidden(self) -> frozenset[Cell]:
        """The cells that are not published."""
        return frozenset(each for each, figures in self.cells.items() if figures is None)


@dataclass(frozen=True, slots=True)
class Before:
    """The month before: its cells, and its members' points (enterprise, the components of the rules of then)."""

    month: Month
    points: pl.DataFrame


def month(
    firms: pl.DataFrame, components: Sequence[str], panel: Panel, before: Before | None, kept: frozenset[Cell]
) -> Month:
    """Return a month from its members' points.

    `firms`: enterprise, prefecture, industry, a column of hundredths a component, and `known`. `kept` are the cells
    that were hidden in the eleven months before: a cell comes to light only when no window that it was hidden in
    overlaps, since two months' figures are much alike.
    """
    made = firms.with_columns(pl.sum_horizontal(components).alias(TOTAL))
    table = tabulated(made, [*components, KNOWN])
    cells = [cell(key) for key in table.select(KEY).iter_rows()]
    counts = dict(zip(cells, table[FIRMS], strict=True))
    shown_as = dict(zip(cells, _figures(table, components), strict=True))
    hidden = hidden_cells(counts, _primary(cells, table), kept)
    alike = before is not None and before.points.columns == ["enterprise", *components]
    changes = _changes(made, components, panel, before, shown_as) if before and alike else {}
    return Month(
        {
            each: None
            if each in hidden
            else Figures(figures.firms, figures.components, figures.known, changes.get(each))
            for each, figures in shown_as.items()
        }
    )


def _primary(cells: Sequence[Cell], table: pl.DataFrame) -> list[Cell]:
    rows = table.select(FIRMS, TOTAL, LARGEST, SECOND).iter_rows()
    return [
        each
        for each, (count, total, largest, second) in zip(cells, rows, strict=True)
        if count < LEAST or dominated(total, largest, second)
    ]


def _figures(table: pl.DataFrame, components: Sequence[str]) -> list[Figures]:
    means = {name: _mean(table[name], table[FIRMS]) for name in (*components, KNOWN)}
    return [
        Figures(int(count), {name: int(means[name][at]) for name in components}, int(means[KNOWN][at]))
        for at, count in enumerate(table[FIRMS])
    ]


def _mean(total: pl.Series, count: pl.Series) -> Whole:
    found: Whole = np.rint(total.to_numpy() / count.to_numpy()).astype(np.int64)
    return found


def _changes(
    firms: pl.DataFrame, components: Sequence[str], panel: Panel, before: Before, now: Mapping[Cell, Figures]
) -> dict[Cell, Change]:
    """Return the changes of the cells that were published: among those that stayed, and by who came and went."""
    moved = _moved(firms, panel)
    then = before.month.cells
    alike = _among_stayers(firms, components, panel, before) if moved is None or moved else {}
    found: dict[Cell, Change] = {}
    for each, figures in now.items():
        old = then.get(each)
        if old is None:
            continue
        same = {name: figures.components[name] - old.components[name] for name in components}
        if moved is not None and each not in moved:
            found[each] = Change(same, 0)
        elif each in alike:
            found[each] = Change(alike[each], figures.index - old.index - sum(alike[each].values()))
    return found


def _moved(firms: pl.DataFrame, panel: Panel) -> frozenset[Cell] | None:
    """Return the cells that firms joined; None, for any, where firms left or moved."""
    if panel.left or panel.moved:
        return None
    if not panel.joined:
        return frozenset()
    came = firms.filter(pl.col("enterprise").is_in(list(panel.joined)))
    return frozenset(cell(key) for key in tabulated(came, []).select(KEY).iter_rows())


def _among_stayers(
    firms: pl.DataFrame, components: Sequence[str], panel: Panel, before: Before
) -> dict[Cell, dict[str, int]]:
    """Return by component how the mean of those that stayed moved, by cell."""
    # Who moved from a rest to its own cell stayed in neither.
    stayed = firms.filter(~pl.col("enterprise").is_in([*panel.joined, *panel.moved]))
    then = stayed.select("enterprise", "prefecture", "industry").join(
        before.points, on="enterprise", maintain_order="left"
    )
    both = [
        tabulated(table.with_columns(pl.sum_horizontal(components).alias(TOTAL)), components)
        for table in (stayed, then)
    ]
    found: dict[Cell, dict[str, int]] = {}
    means = [{name: table[name].to_numpy() / table[FIRMS].to_numpy() for name in components} for table in both]
    for at, key in enumerate(both[0].select(KEY).iter_rows()):
        found[cell(key)] = {name: int(np.rint(means[0][name][at] - means[1][name][at])) for name in components}
    return found
