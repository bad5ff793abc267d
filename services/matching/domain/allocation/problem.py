"""What is to be divided among whom, and under which limits: whole fen, and whole millionths for every rate.

With everything in integers a plan is feasible or not, and a proof holds or not: nothing is a matter of tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from chassis.core.errors import Invalid

MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A firm that may be offered money at one rate: nothing, or from `least_fen` to `most_fen`.

    `value` is the expected profit a year, `loss` the expected loss a year, `drawn` what is expected to be taken up, all
    in millionths of the amount offered.
    """

    enterprise: str
    least_fen: int
    most_fen: int
    value: int
    loss: int
    rate: Decimal = Decimal(0)
    drawn: int = MILLIONTHS


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the firms (by their place), and the least or the most that they get together, in fen."""

    name: str
    members: tuple[int, ...]
    fen: int


@dataclass(frozen=True)
class AllocationProblem:
    """One budget over many firms. `loss_share` is the most expected loss in millionths of what is counted.

    What is counted against budget, limits and floors is what is offered, or with `counts_drawn` what is expected to be
    drawn of it. Candidates of one enterprise stand beside each other: they are its rates, of which it gets one at most.
    Without floors, lending nothing is always allowed; so whatever cannot be done is the floors' doing.
    """

    candidates: tuple[Candidate, ...]
    budget_fen: int
    limits: tuple[Group, ...] = ()
    floors: tuple[Group, ...] = ()
    loss_fen: int | None = None
    loss_share: int | None = None
    counts_drawn: bool = False

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        for candidate in self.candidates:
            if not 0 < candidate.least_fen <= candidate.most_fen:
                raise Invalid(
                    f"{candidate.enterprise} may get from {candidate.least_fen} to {candidate.most_fen} fen; "
                    "give a least amount above 0 and no more than the most.",
                    enterprise=candidate.enterprise,
                )
        if self.budget_fen < 0 or any(group.fen < 0 for group in (*self.limits, *self.floors)):
            raise Invalid("Budget, limits and floors are amounts from 0 on.")
        if len(self.menus) > len({candidate.enterprise for candidate in self.candidates}):
            raise Invalid("Candidates of one enterprise stand beside each other.")
        if len(self.menus) < len(self.candidates) and not self.counts_drawn:
            raise Invalid("Where offers are counted, each enterprise has one candidate: its best rate.")
        for groups in (self.limits, self.floors):
            names = [group.name for group in groups]
            if len(set(names)) < len(names):
                raise Invalid("Two limits, or two floors, have one name; each has a price of its own.")

    @cached_property
    def menus(self) -> tuple[tuple[int, ...], ...]:
        """The places of each enterprise's candidates: one, or one for each rate that it may be offered."""
        places = enumerate(self.candidates)
        alike = groupby(places, key=lambda place: place[1].enterprise)
        return tuple(tuple(i for i, _ in menu) for _, menu in alike)

    def counted(self, i: int) -> int:
        """Return what an amount with this candidate counts for, in millionths of it."""
        return self.candidates[i].drawn if self.counts_drawn else MILLIONTHS

    def excess(self, i: int) -> int:
        """Return by how much its expected loss lies above `loss_share`, in millionths of the amount, rounded up."""
        return self.candidates[i].loss - (self.loss_share or 0) * self.counted(i) // MILLIONTHS

    def only(self, chosen: Sequence[int]) -> AllocationProblem:
        """Return the same problem with some of the candidates."""
        place = {i: new for new, i in enumerate(chosen)}

        def kept(groups: Iterable[Group]) -> tuple[Group, ...]:
            return tuple(replace(g, members=tuple(place[i] for i in g.members if i in place)) for g in groups)

        candidates = tuple(self.candidates[i] for i in chosen)
        return replace(self, candidates=candidates, limits=kept(self.limits), floors=kept(self.floors))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every condition as Σ weight · amount ≤ bound, in fen · millionths; a floor with its signs turned."""
        counted = {i: self.counted(i) for i in range(len(self.candidates))}
        rows = [Row("budget", counted, self.budget_fen * MILLIONTHS)]
        if self.loss_fen is not None:
            losses = {i: candidate.loss for i, candidate in enumerate(self.candidates)}
            rows.append(Row("expected-loss", losses, self.loss_fen * MILLIONTHS))
        if self.loss_share is not None:
            rows.append(Row("expected-loss-share", {i: self.excess(i) for i in counted}, 0))
        rows += [Row(f"limit:{g.name}", {i: counted[i] for i in g.members}, g.fen * MILLIONTHS) for g in self.limits]
        rows += [Row(f"floor:{g.name}", {i: -counted[i] for i in g.members}, -g.fen * MILLIONTHS) for g in self.floors]
        return tuple(rows)

    def without_floors(self) -> AllocationProblem:
        """Return the same problem where nobody is favoured."""
        return replace(self, floors=())

    def relaxed(self, shortfall: dict[str, int]) -> AllocationProblem:
        """Return the same problem with each named floor lowered by so many fen."""
        lowered = tuple(replace(floor, fen=floor.fen - shortfall.get(floor.name, 0)) for floor in self.floors)
        return replace(self, floors=lowered)


@dataclass(frozen=True, slots=True)
class Row:
    """One condition: Σ weight · amount ≤ bound."""

    name: str
    weights: dict[int, int]
    bound: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """What each candidate gets, and the proof: one multiplier a condition, in billionths.

    `objective` and `bound` are in fen · millionths: no plan whatever is worth more than `bound`. `optimal` says of this
    very plan that no other is worth more by over what whole fen cost (a fen a condition), by the bound or, where the
    multipliers leave a gap, by branch and bound.
    """

    amounts: tuple[int, ...]
    multipliers: dict[str, int]
    objective: int
    bound: int
    optimal: bool

    @property
    def gap_fen(self) -> int:
        """What a better plan could earn more at most, rounded up to the fen."""
        return -(-(self.bound - self.objective) // MILLIONTHS)

    @property
    def objective_fen(self) -> int:
        """The expected profit of a year, rounded down to the fen."""
        return self.objective // MILLIONTHS

    @property
    def bound_fen(self) -> int:
        """The bound, rounded up to the fen."""
        return -(-self.bound // MILLIONTHS)


@dataclass(frozen=True, slots=True)
class Impossible:
    """The floors cannot be met together: by how much each must at least be lowered (in all), and the proof.

    `multipliers` prove it (see `verify.shortage`); empty where only branch and bound found it.
    """

    shortfall_fen: dict[str, int]
    multipliers: dict[str, int] = field(default_factory=dict)
