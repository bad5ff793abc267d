"""The cheapest way up, found exactly: branch and bound over whole months, with bounds from the trees themselves.

For one firm each tree is a small table over months (`month_tables`), and a plan is scored by adding up look-ups.

Bounds. Plans are put together family by family in a fixed order. A change of feature j to month m then adds at most
g_j(m), the sum over trees of the largest difference that the move makes whatever the families before it do, while those
after it rest. Adding one by one telescopes, so a plan adds at most the sum of its g: what remains is a knapsack with a
limit on the number of changes, whose table over (family, changes left, cost) is made once. Best-first search with it
(A*) never overrates what is missing, so it may stop when no plan under way can cost less than the best one met; where
none reaches the target, the same search finds the highest score there is. With trees of depth one the bound is exact
and the search walks straight.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from services.scoring.domain.errors import TooManyPlans
from services.scoring.domain.recourse import MOST_CHANGES, MOST_MONTHS, Lever, conflict
from services.scoring.ml.month_tables import MONTHS, Levels, Table, add_up, tabulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from services.scoring.ml.trees import Forest

    Numbers = NDArray[np.float64]

# (cost so far, margin reached, next family, changes left) → the order in which plans are taken up
_Rank: TypeAlias = "Callable[[Any, Any, Any, int], Any]"
_EXACT = 1e-9
# Nodes taken up before the search stops and says so; the largest measured need is a small part of it.
MOST_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Move:
    """One lever with its value after so many months."""

    lever: Lever
    value: float
    months: int

    @property
    def cost(self) -> int:
        """What this change costs."""
        return self.lever.cost(self.months)


@dataclass(frozen=True, slots=True)
class Ladder:
    """One lever of a firm: its values after 0, 1, … months, and the fewest months that a rule demands."""

    lever: Lever
    values: Levels
    least: int = 0


@dataclass(frozen=True, slots=True)
class _Option:
    place: int  # of the ladder
    months: int
    cost: int
    gain: float


@dataclass(frozen=True, slots=True)
class _Node:
    """A plan under way: its options, where its tables stand, from which family on it may go on."""

    chosen: tuple[int, ...]
    index: NDArray[np.int64]
    reached: float
    cost: int
    family: int
    left: int


@dataclass(slots=True)
class Search:
    """The plans of one firm: `margins` in log-odds of paying, so that more is better."""

    ladders: Sequence[Ladder]
    offsets: NDArray[np.int64]  # (tables, ladders, months): how far a month moves in a table
    table: Numbers  # all tables in a row
    start: NDArray[np.int64]  # (tables,): where nothing is changed
    constant: float
    options: list[_Option] = field(default_factory=list)  # by family, those that a rule demands first
    family: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # of each option
    demanded: int = 0  # so many families, the first ones, must be moved
    nodes: int = 0

    @property
    def now(self) -> float:
        """The margin without any change."""
        return self._value(self.start)

    def highest(self, enough: float = np.inf) -> list[Move]:
        """Return the plan with the highest margin of five changes in twelve months, or the first one of `enough`.

        Asked before `cheapest`: that nothing reaches a target is proven much sooner by margin than by cost.
        """
        bound = self._bounds()[:, :, -1]

        def least(_cost: Any, reached: Any, family: Any, left: int) -> Any:
            return -(reached + bound[family, left])

        return self._best(least, lambda _cost, reached: -reached, -enough) or []

    def cheapest(self, target: float) -> list[Move] | None:
        """Return the plan with the least cost whose margin is at least `target`; None where there is none."""
        bound = self._bounds()

        def least(cost: Any, reached: Any, family: Any, left: int) -> Any:
            enough = bound[family, left] >= np.asarray(target - _EXACT - reached)[..., None]
            return np.where(enough[..., -1], cost + np.argmax(enough, axis=-1), np.inf)

        return self._best(least, lambda cost, reached: np.where(reached >= target - _EXACT, cost, np.inf))

    def margin(self, moves: Sequence[Move]) -> float:
        """Return the margin after some moves; their months must be those of the ladders."""
        place = {ladder.lever.feature: at for at, ladder in enumerate(self.ladders)}
        index = self.start.copy()
        for move in moves:
            index += self.offsets[:, place[move.lever.feature], move.months]
        return self._value(index)

    def _best(self, least: _Rank, worth: Callable[[Any, Any], Any], enough: float = -np.inf) -> list[Move] | None:
        """Return the plan of the lowest worth, or the first of `enough`; None where none is worth anything.

        `least` never says more than the worth of the best plan that goes on from one. Plans are taken up in its order,
        until it is no lower than the best worth that was met on the way.
        """
        ticket = count()
        costs = np.array([option.cost for option in self.options], dtype=np.int64)
        moves = self.offsets[:, [option.place for option in self.options], [option.months for option in self.options]]
        root = _Node((), self.start, self.now, 0, 0, MOST_CHANGES)
        lowest, chosen = (np.inf, ()) if self.demanded else (float(worth(0, root.reached)), root.chosen)
        heap = [(float(least(0, root.reached, 0, MOST_CHANGES)), 0.0, next(ticket), root, -1)]
        self.nodes = 0
        while heap and heap[0][0] < lowest - _EXACT and lowest > enough:
            _, _, _, node, option = heapq.heappop(heap)
            node = node if option < 0 else self._taken(node, option, moves)
            self.nodes += 1
            if self.nodes > MOST_NODES:
                raise TooManyPlans(f"{self.nodes} plans were looked at and none proven best.")
            if not node.left:
                continue
            following = self._following(node)
            reached = self.constant + self.table[node.index[:, None] + moves[:, following]].sum(axis=0)
            cost, family = node.cost + costs[following], self.family[following] + 1
            ends = np.where(family >= self.demanded, worth(cost, reached), np.inf)
            ranks = least(cost, reached, family, node.left - 1)
            for at in np.flatnonzero(np.minimum(ends, ranks) < lowest - _EXACT).tolist():
                taken = int(following[at])
                if self._contradicts(node.chosen, taken):
                    continue
                if ends[at] < lowest - _EXACT:
                    lowest, chosen = float(ends[at]), (*node.chosen, taken)
                if ranks[at] < lowest - _EXACT:
                    heapq.heappush(heap, (float(ranks[at]), -float(reached[at]), next(ticket), node, taken))
        return self._moves(chosen) if np.isfinite(lowest) else None

    def _following(self, node: _Node) -> NDArray[np.int64]:
        """Return the options that a plan may go on with: of any later family, or of the next that a rule demands."""
        later = self.family >= node.family
        return np.flatnonzero(later & (self.family == node.family) if node.family < self.demanded else later)

    def _taken(self, parent: _Node, option: int, moves: NDArray[np.int64]) -> _Node:
        index = parent.index + moves[:, option]
        cost = parent.cost + self.options[option].cost
        family = int(self.family[option]) + 1
        return _Node((*parent.chosen, option), index, self._value(index), cost, family, parent.left - 1)

    def _contradicts(self, chosen: tuple[int, ...], option: int) -> bool:
        if not chosen:
            return False
        return conflict(self.ladders[self.options[at].place].lever.feature for at in (*chosen, option))

    def _bounds(self) -> Numbers:
        """Return the most that families from `at` on can add with so many changes and so much cost.

        Shape (families + 1, changes + 1, cost + 1); minus infinity where something demanded cannot be chosen.
        """
        families = int(self.family.max(initial=-1)) + 1
        bound = np.zeros((families + 1, MOST_CHANGES + 1, MOST_COST + 1))
        for at in range(families - 1, -1, -1):
            bound[at] = -np.inf if at < self.demanded else bound[at + 1]
            for number in np.flatnonzero(self.family == at).tolist():
                option = self.options[number]
                better = bound[at + 1, :-1, : MOST_COST + 1 - option.cost] + option.gain
                np.maximum(bound[at, 1:, option.cost :], better, out=bound[at, 1:, option.cost :])
        return bound

    def _value(self, index: NDArray[np.int64]) -> float:
        return self.constant + float(self.table[index].sum())

    def _moves(self, chosen: Sequence[int]) -> list[Move]:
        ladders = [(self.ladders[self.options[at].place], self.options[at].months) for at in chosen]
        return [Move(ladder.lever, ladder.values[months], months) for ladder, months in ladders]


MOST_COST = MOST_CHANGES * (MOST_MONTHS * 2 + 1)


def ladder(lever: Lever, value: float, least: int = 0, exact: float | None = None) -> Ladder:
    """Return the values of a lever month by month; `exact` is what a rule demands in month `least`, if one does."""
    values = [value]
    for months in range(1, MOST_MONTHS + 1):
        reached = lever.after(value, months)
        better = (reached - values[-1]) * lever.sign > 0
        values.append(reached if better else values[-1])
    if exact is not None and (exact - values[least]) * lever.sign > 0:
        values[least] = exact
    return Ladder(lever, tuple(values), least)


def search(
    forest: Forest,
    row: NDArray[np.float32],
    ladders: Sequence[Ladder],
    columns: Mapping[str, int],
    rest: Numbers | None = None,
) -> Search:
    """Make the search for one firm's `row` (features,), in log-odds of default as the forest has them.

    `columns` gives the forest's column of each lever's feature. `rest` (ladders, months) is what the margin holds
    beside the trees, feature by feature, less its value now; None where it holds nothing.
    """
    place = {columns[ladder.lever.feature]: at for at, ladder in enumerate(ladders)}
    constant, tables = tabulate(forest, row, [ladder.values for ladder in ladders], place)
    if rest is not None:
        tables += [([at], [MONTHS], part) for at, part in enumerate(rest) if part.any()]
    crossed = np.zeros((len(ladders), MOST_MONTHS + 1), dtype=np.bool_)
    for places, bins, _ in tables:
        for at, bin_of in zip(places, bins, strict=True):
            crossed[at, 1:] |= bin_of[1:] != bin_of[:-1]
    tables = add_up(tables)
    offsets = np.zeros((len(tables), len(ladders), MOST_MONTHS + 1), dtype=np.int64)
    start, flat, filled = np.zeros(len(tables), dtype=np.int64), [], 0
    for number, (places, bins, values) in enumerate(tables):
        for axis, (at, bin_of) in enumerate(zip(places, bins, strict=True)):
            offsets[number, at] = bin_of * (values.strides[axis] // values.itemsize)
        start[number] = filled
        flat.append(-values.ravel())
        filled += values.size
    table = np.concatenate(flat) if flat else np.zeros(0)
    found = Search(ladders, offsets, table, start, -constant)
    _offer(found, tables, crossed)
    return found


def _offer(found: Search, tables: Sequence[Table], crossed: NDArray[np.bool_]) -> None:
    """Group the options by family, those that a rule demands first, then those that do most by themselves."""
    families: dict[str, list[int]] = {}
    demanded = {ladder.lever.family for ladder in found.ladders if ladder.least}
    for place, ladder in enumerate(found.ladders):
        if ladder.least or ladder.lever.family not in demanded:
            name = f"rule:{ladder.lever.feature}" if ladder.least else ladder.lever.family
            families.setdefault(name, []).append(place)
    alone = found.table[found.start[:, None, None] + found.offsets].sum(axis=0)[:, -1]
    named = sorted(families, key=lambda name: (not name.startswith("rule:"), -alone[families[name]].max(), name))
    turn = np.full(len(found.ladders), -1)
    for number, name in enumerate(named):
        turn[families[name]] = number
    gains = _gains(tables, turn)
    for name in named:
        for place in families[name]:
            found.options += _options(place, found.ladders[place], gains[place], crossed[place])
    # Families of which nothing helps are empty; the others keep their order.
    turns = np.array([turn[option.place] for option in found.options], dtype=np.int64)
    found.family = np.searchsorted(np.unique(turns), turns)
    found.demanded = sum(name.startswith("rule:") for name in named)


def _gains(tables: Sequence[Table], turn: NDArray[np.int64]) -> Numbers:
    """Return the most that each lever adds in each month, (ladders, months), whatever the families before it do.

    Plans are put together family by family, so what stands after a lever, or beside it in its own family, is at rest
    when it is added: only that makes the bound tight where trees join many features.
    """
    gains = np.zeros((len(turn), MOST_MONTHS + 1))
    for places, bins, values in tables:
        for axis, (at, bin_of) in enumerate(zip(places, bins, strict=True)):
            if turn[at] < 0:
                continue
            rests = [slice(None) if other == at or 0 <= turn[other] < turn[at] else slice(0, 1) for other in places]
            moved = np.moveaxis(values[tuple(rests)], axis, 0)
            gains[at] += (moved[:1] - moved).reshape(len(moved), -1).max(axis=1)[bin_of]
    return gains


def _options(place: int, ladder: Ladder, gains: Numbers, crossed: NDArray[np.bool_]) -> list[_Option]:
    options = []
    for months in range(max(1, ladder.least), MOST_MONTHS + 1):
        if crossed[months] or months == ladder.least:
            gain = max(0.0, float(gains[months]))
            options.append(_Option(place, months, ladder.lever.cost(months), gain))
    return options
