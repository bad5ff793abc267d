"""Make whole fen of a solver's amounts: nothing exceeded, no floor missed, nothing left that could be lent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from math import floor

from services.matching.domain.allocation.problem import AllocationProblem, Row
from services.matching.domain.allocation.verify import violated, worth

# So many amounts between their bounds are rounded in every way: a solution has as many as conditions that bind.
MOST_BETWEEN = 6


def settle(problem: AllocationProblem, amounts: Sequence[float], gains: Sequence[int]) -> list[int] | None:
    """Return a feasible plan in whole fen near these amounts, or None where this simple way finds none.

    `gains` say what a fen is worth with each firm, all conditions priced in: who gives first, and who gets first.
    """
    table = _Table(problem, amounts, gains)
    fits = min(table.left, default=0) >= 0
    upright = None if fits else _rounded(problem, _Table(problem, amounts, gains), amounts)
    for row in range(len(problem.rows)):
        table.cut(row)
    for row in range(len(problem.rows)):
        table.lift(row)
    plans = [plan for plan in (table.filled(), upright) if plan is not None and not violated(problem, plan)]
    return max(plans, key=lambda plan: worth(problem, plan), default=None)


def _rounded(problem: AllocationProblem, table: _Table, amounts: Sequence[float]) -> list[int] | None:
    """Return the best way to round up or down where few amounts lie between their bounds; None without any.

    It is asked for where the nearest fen break a condition. To take money away until it holds again may cost a whole
    firm, where one fen more with another would do.
    """
    between = [i for i, c in enumerate(problem.candidates) if c.least_fen < table.amounts[i] < c.most_fen]
    if len(between) > MOST_BETWEEN:
        return None
    values = [problem.candidates[i].value for i in between]
    found: list[tuple[int, list[int]]] = []
    for ups in product((0, 1), repeat=len(between)):
        steps = [floor(amounts[i]) + up - table.amounts[i] for i, up in zip(between, ups, strict=True)]
        if all(left >= 0 for left in table.left_after(between, steps)):
            found.append((sum(step * value for step, value in zip(steps, values, strict=True)), steps))
    if not found:
        return None
    for i, step in zip(between, max(found)[1], strict=True):
        table.change(i, step)
    return table.filled()


class _Table:
    """Amounts in fen with what is left of every condition, changed together."""

    def __init__(self, problem: AllocationProblem, amounts: Sequence[float], gains: Sequence[int]) -> None:
        self.gains = gains
        self.candidates = problem.candidates
        self.rows = problem.rows
        self.rows_of: list[list[tuple[int, int]]] = [[] for _ in self.candidates]
        for number, row in enumerate(self.rows):
            for i, weight in row.weights.items():
                if weight:
                    self.rows_of[i].append((number, weight))
        self.amounts = [
            _whole(amount, c.least_fen, c.most_fen) for amount, c in zip(amounts, self.candidates, strict=True)
        ]
        self.left = [self._left(row) for row in self.rows]

    def cut(self, number: int) -> None:
        """Take away where a condition is exceeded, from the least valuable first: down to the least, then all."""
        row = self.rows[number]
        for to_zero in (False, True):
            if self.left[number] >= 0:
                return
            members = (i for i, weight in row.weights.items() if weight > 0 and self.amounts[i])
            for i in sorted(members, key=lambda i: self.gains[i]):
                if self.left[number] >= 0:
                    break
                excess = -(self.left[number] // row.weights[i])
                least = self.candidates[i].least_fen
                self.change(i, -self.amounts[i] if to_zero else -min(self.amounts[i] - least, excess))

    def lift(self, number: int) -> None:
        """Add where a floor is missed, to the most valuable first."""
        row = self.rows[number]
        if self.left[number] >= 0:
            return
        for i in self._best(i for i, weight in row.weights.items() if weight < 0):
            if self.left[number] >= 0:
                return
            self._raise(i, -(self.left[number] // -row.weights[i]))

    def filled(self) -> list[int]:
        """Lend what is left where it earns, and return what each gets."""
        for i in self._best(i for i, candidate in enumerate(self.candidates) if candidate.value > 0):
            self._raise(i, self.candidates[i].most_fen)
        return self.amounts

    def left_after(self, some: Sequence[int], steps: Sequence[int]) -> list[int]:
        """Return what would be left of every condition if these got so many fen more."""
        left = list(self.left)
        for i, step in zip(some, steps, strict=True):
            for number, weight in self.rows_of[i]:
                left[number] -= weight * step
        return left

    def _best(self, members: Iterable[int]) -> list[int]:
        return sorted(members, key=lambda i: -self.gains[i])

    def _raise(self, i: int, wanted: int) -> None:
        candidate, held = self.candidates[i], self.amounts[i]
        if held == candidate.most_fen:
            return
        room = min((self.left[r] // weight for r, weight in self.rows_of[i] if weight > 0), default=candidate.most_fen)
        room = min(room, candidate.most_fen - held)
        step = min(room, wanted if held else max(wanted, candidate.least_fen))
        if step > 0 and held + step >= candidate.least_fen:
            self.change(i, step)

    def change(self, i: int, step: int) -> None:
        """Give a firm so many fen more."""
        self.amounts[i] += step
        for number, weight in self.rows_of[i]:
            self.left[number] -= weight * step

    def _left(self, row: Row) -> int:
        return row.bound - sum(weight * self.amounts[i] for i, weight in row.weights.items())


def _whole(amount: float, least: int, most: int) -> int:
    """Return the nearest amount that a firm can get; less than its least by more than rounding is nothing."""
    fen = round(amount)
    if fen < least - max(1, least // 1_000_000):
        return 0
    return min(max(fen, least), most)
