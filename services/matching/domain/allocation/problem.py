"""What is to be divided among whom, and under which limits: whole fen, and whole millionths for every rate.

With everything in integers a plan is feasible or not, and a proof holds or not: nothing is a matter of tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from chassis.core.errors import Invalid

MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A firm that may be lent to: nothing, or from `least_fen` to `most_fen`.

    `value` is the expected profit a year, `loss` the expected loss a year, both in millionths of the amount.
    """

    enterprise: str
    least_fen: int
    most_fen: int
    value: int
    loss: int
    rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the firms (by their place), and the least or the most that they get together, in fen."""

    name: str
    members: tuple[int, ...]
    fen: int


@dataclass(frozen=True)
class AllocationProblem:
    """One budget over many firms. `loss_share` is the most expected loss in millionths of what is lent.

    Without floors, lending nothing is always allowed; so whatever cannot be done is the floors' doing.
    """

    candidates: tuple[Candidate, ...]
    budget_fen: int
    limits: tuple[Group, ...] = ()
    floors: tuple[Group, ...] = ()
    loss_fen: int | None = None
    loss_share: int | None = None

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

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every condition as Σ weight · amount ≤ bound, in fen · millionths; a floor with its signs turned."""
        everyone = range(len(self.candidates))
        rows = [Row("budget", dict.fromkeys(everyone, MILLIONTHS), self.budget_fen * MILLIONTHS)]
        losses = {i: candidate.loss for i, candidate in enumerate(self.candidates)}
        if self.loss_fen is not None:
            rows.append(Row("expected-loss", losses, self.loss_fen * MILLIONTHS))
        if self.loss_share is not None:
            above = {i: loss - self.loss_share for i, loss in losses.items()}
            rows.append(Row("expected-loss-share", above, 0))
        rows += [Row(f"limit:{g.name}", dict.fromkeys(g.members, MILLIONTHS), g.fen * MILLIONTHS) for g in self.limits]
        rows += [
            Row(f"floor:{g.name}", dict.fromkeys(g.members, -MILLIONTHS), -g.fen * MILLIONTHS) for g in self.floors
        ]
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

    `objective` and `bound` are in fen · millionths: no plan whatever is worth more than `bound`. `optimal` says that
    the gap is no more than what whole fen cost (a fen a condition), or that branch and bound proved this very plan best
    where the multipliers leave a gap.
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
