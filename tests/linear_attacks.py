"""Linear attacks on a publication of the index: what can be said of a hidden cell by adding and subtracting the rest.

The attacker has every published table: counts, the index and its components with their rounding, which cells are there,
that hidden ones are not empty, that points lie between 0 and the most, that parts add up to their sums at every level.
A stronger one knows every cell's count besides (from a register of firms), or two months, between which no cell moves
by more than he supposes. HiGHS (scipy) gives the least and the most that each leaves possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from services.profile.supervision.domain.cells import EVERY, Cell, Level
from services.profile.supervision.domain.publication import Figures, Month

HALF = 0.5  # of a hundredth: what rounding hides


@dataclass(frozen=True)
class Interval:
    """What an attack leaves possible."""

    least: float
    most: float

    @property
    def width(self) -> float:
        return self.most - self.least


class Attack:
    """The linear program of some months: variables are each cell's firms and its sum of points, in hundredths.

    `measure` is a component, or None for the index; `most` what it brings at most. `counts` are the true counts where
    the attacker knows them. `drift` is by how many hundredths a firm he supposes the mean of a cell to move at most.
    """

    def __init__(
        self,
        months: Sequence[Month],
        measure: str | None,
        most: int,
        counts: Sequence[Mapping[Cell, int]] | None = None,
        drift: int | None = None,
    ) -> None:
        self.months, self.measure, self.most = months, measure, most
        self.at = {(m, cell): place for place, (m, cell) in enumerate(_places(months))}
        self.rows: list[tuple[list[int], list[float], float, float]] = []
        self.bounds: list[tuple[float, float | None]] = [(0.0, None)] * (2 * len(self.at))
        for m, month in enumerate(months):
            self._publish(m, month, counts[m] if counts else None)
            self._add_up(m, month)
        if drift is not None:
            self._alike(drift, counts)

    def _publish(self, m: int, month: Month, known: Mapping[Cell, int] | None) -> None:
        for cell, figures in month.cells.items():
            n, s = self._variables(m, cell)
            count = known[cell] if known else figures.firms if figures else None
            self.bounds[n] = (1.0, None) if count is None else (float(count), float(count))
            self.rows.append(([s, n], [1.0, -float(self.most)], -np.inf, 0.0))
            if figures is not None:
                value = _value(figures, self.measure)
                slack = figures.firms * HALF * (len(figures.components) if self.measure is None else 1)
                middle = figures.firms * value
                self.bounds[s] = (max(0.0, middle - slack), middle + slack)

    def _add_up(self, m: int, month: Month) -> None:
        sums: dict[Cell, list[Cell]] = {}
        for cell in month.cells:
            if cell.industry != EVERY:
                sums.setdefault(Cell(cell.level, cell.region, EVERY), []).append(cell)
            if cell.level != Level.NATION:
                level = Level.NATION if cell.level == Level.PROVINCE else Level.PROVINCE
                region = Cell(level, cell.above, cell.industry)
                self._sum(m, region, [each for each in month.cells if _part(each, region)])
        for whole, parts in sums.items():
            self._sum(m, whole, parts)

    def _sum(self, m: int, whole: Cell, parts: Sequence[Cell]) -> None:
        for kind in (0, 1):
            places = [self._variables(m, each)[kind] for each in (whole, *parts)]
            self.rows.append((places, [1.0] + [-1.0] * len(parts), 0.0, 0.0))

    def _alike(self, drift: int, known: Sequence[Mapping[Cell, int]] | None) -> None:
        for m in range(1, len(self.months)):
            for cell in sorted(self.months[m].cells.keys() & self.months[m - 1].cells.keys()):
                if known and known[m][cell] != known[m - 1][cell]:
                    continue  # somebody came or went
                (n, s), (_, before) = self._variables(m, cell), self._variables(m - 1, cell)
                self.rows.append(([s, before, n], [1.0, -1.0, -float(drift)], -np.inf, 0.0))
                self.rows.append(([before, s, n], [1.0, -1.0, -float(drift)], -np.inf, 0.0))

    def _variables(self, m: int, cell: Cell) -> tuple[int, int]:
        place = self.at[m, cell]
        return 2 * place, 2 * place + 1

    def interval(self, m: int, cell: Cell, *, count: bool) -> Interval:
        """Return what is possible for a cell's count, or for its sum of points."""
        n, s = self._variables(m, cell)
        goal = np.zeros(len(self.bounds))
        goal[n if count else s] = 1.0
        return Interval(self._solved(goal), -self._solved(-goal))

    def _solved(self, goal: np.ndarray) -> float:
        equal, below = self._matrices()
        found = linprog(goal, A_ub=below[0], b_ub=below[1], A_eq=equal[0], b_eq=equal[1], bounds=self.bounds)
        if found.status == 3:
            return -np.inf
        assert found.status == 0, found.message
        return float(found.fun)

    def _matrices(self) -> tuple[tuple[coo_array, np.ndarray], tuple[coo_array, np.ndarray]]:
        if not hasattr(self, "_made"):
            alike = {(tuple(p), tuple(f), low, high) for p, f, low, high in self.rows}
            rows = sorted(alike, key=lambda row: (row[0], row[1]))
            self._made = tuple(
                self._matrix([row for row in rows if (row[2] == row[3]) == same]) for same in (True, False)
            )
        return self._made  # type: ignore[return-value]

    def _matrix(self, rows: Sequence[tuple]) -> tuple[coo_array, np.ndarray]:
        place = [at for at, row in enumerate(rows) for _ in row[0]]
        column = [each for row in rows for each in row[0]]
        factor = [each for row in rows for each in row[1]]
        shape = (len(rows), len(self.bounds))
        return coo_array((factor, (place, column)), shape=shape).tocsr(), np.array([row[3] for row in rows])


def _places(months: Sequence[Month]) -> list[tuple[int, Cell]]:
    return [(m, cell) for m, month in enumerate(months) for cell in sorted(month.cells)]


def _value(figures: Figures, measure: str | None) -> int:
    return figures.index if measure is None else figures.components[measure]


def _part(cell: Cell, region: Cell) -> bool:
    levels = {Level.NATION: Level.PROVINCE, Level.PROVINCE: Level.PREFECTURE}
    return cell.industry == region.industry and cell.level == levels.get(region.level) and cell.above == region.region
