"""Which cells of a month's tables are not published, so that none with few firms can be computed back (ADR 43).

*Primary*: cells under ten firms, and those in which one firm's points stand out (p % rule, p = 10: without the two
largest less is left than a tenth of the largest). *Secondary*: the tables add up along regions and industries, so every
primary cell needs others unknown beside it. In tables of two dimensions with one hierarchy each cell is an edge of a
network whose nodes are the sums (Cox 1995; Fischetti and Salazar 1999): what is published pins the flow on its
edges, and a suppressed cell stays open where suppressed edges make a cycle with it. For each primary cell the cheapest
such cycle is taken (Kelly, Golden and Assad 1992), along which it can rise to ten firms: who adds and subtracts what
is published cannot rule out that the cell is an ordinary one.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from services.profile.supervision.domain.cells import EVERY, NATION, Cell, Level
from services.profile.supervision.domain.panel import LEAST

P_PERCENT = 10
Node: TypeAlias = tuple[str, str, str]
Step: TypeAlias = tuple[Cell, bool]  # a cell on a cycle, and whether it rises with it
ROOT: Node = ("root", "", "")
WHOLE = Cell(Level.NATION, NATION, EVERY)
# A hidden cell costs next to nothing again; any other as many firms as it has.
PER_FIRM, HIDDEN = 1000, 1


def dominated(total: int, largest: int, second: int) -> bool:
    """Tell whether the second largest firm could tell the largest one's points to within p % (p % rule)."""
    return (total - largest - second) * 100 < P_PERCENT * largest


def ends(cell: Cell) -> tuple[Node, Node]:
    """Return between which sums a cell flows, so that at every node what comes in goes out."""
    down = cell.industry == EVERY
    if cell.level == Level.PREFECTURE:
        row, column = ("row", cell.region, ""), ("column", cell.above, cell.industry)
        return (column, row) if down else (row, column)
    own = ("column", cell.region, cell.industry)
    above = ROOT if cell.level == Level.NATION else ("column", cell.above, cell.industry)
    return (above, own) if down else (own, above)


@dataclass(slots=True)
class _Network:
    """The cells as edges; which are hidden so far."""

    counts: Mapping[Cell, int]
    hidden: set[Cell]
    at: dict[Node, list[tuple[Node, Cell, bool]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for cell in sorted(self.counts):
            tail, head = ends(cell)
            self.at.setdefault(tail, []).append((head, cell, True))
            self.at.setdefault(head, []).append((tail, cell, False))

    def cycle(self, cell: Cell, rise: int) -> list[Step] | None:
        """Return the cheapest cells along which one can rise by so many firms; None where there is no way.

        Of each it says whether it rises too. Cells passed against their direction fall by as many, and stay with a
        firm at least: that they are not empty is known.
        """
        goal, start = ends(cell)
        best: dict[Node, int] = {start: 0}
        queue: list[tuple[int, Node]] = [(0, start)]
        came: dict[Node, tuple[Node, Step]] = {}
        while queue:
            cost, node = heapq.heappop(queue)
            if node == goal:
                return _way(came, start, goal)
            if cost > best[node]:
                continue
            for other, edge, forward in self.at[node]:
                if edge in (cell, WHOLE) or not (forward or self.counts[edge] > rise):
                    continue
                reached = cost + (HIDDEN if edge in self.hidden else PER_FIRM * self.counts[edge])
                if reached < best.get(other, reached + 1):
                    best[other], came[other] = reached, (node, (edge, forward))
                    heapq.heappush(queue, (reached, other))
        return None


def _way(came: Mapping[Node, tuple[Node, Step]], start: Node, goal: Node) -> list[Step]:
    found, node = list[Step](), goal
    while node != start:
        node, step = came[node]
        found.append(step)
    return found


def hidden_cells(counts: Mapping[Cell, int], primary: Collection[Cell], kept: Collection[Cell]) -> frozenset[Cell]:
    """Return the cells that are not published; all of them where a primary one cannot be protected otherwise.

    `counts` are the firms of every cell that has one, `kept` those that stay hidden because they were (see ADR 43).
    """
    network = _Network(counts, {*primary, *(cell for cell in kept if cell in counts and cell != WHOLE)})
    if WHOLE in network.hidden:
        return frozenset(counts)
    safe: set[Cell] = set()
    # Those that have to rise most come first: whatever rises with them is then safe too.
    for cell in sorted(primary, key=lambda each: (-_rise(counts, each), each)):
        if cell not in safe:
            found = _protecting(network, cell)
            if found is None:
                return frozenset(counts)
            network.hidden.update(each for each, _ in found[1])
            safe.update(each for each, rises in found[1] if rises and _rise(counts, each) <= found[0])
    return frozenset(network.hidden)


def _rise(counts: Mapping[Cell, int], cell: Cell) -> int:
    return max(1, LEAST - counts[cell])


def _protecting(network: _Network, cell: Cell) -> tuple[int, list[Step]] | None:
    """Return by how many firms one can rise, and along which cells: to ten, or as near to it as there is a way."""
    for rise in range(_rise(network.counts, cell), 0, -1):
        found = network.cycle(cell, rise)
        if found is not None:
            return rise, found
    return None
