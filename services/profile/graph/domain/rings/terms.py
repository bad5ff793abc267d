"""What makes a chain of invoices a ring, and how much may be done to find them all."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

# A hop is what one sold to another on a day for an amount; invoices alike in all that are one hop, told `times`.
EDGES: dict[str, pl.DataType] = {
    "seller": pl.String(),
    "buyer": pl.String(),
    "number": pl.String(),
    "date": pl.Date(),
    "amount": pl.Int64(),
}
LONGEST = 6
# An amount that lies on the edge of the tolerance is within it, however fractions are rounded.
INCLUDED = 1e-12
# So many candidate paths are looked at together (about 100 bytes each), and so many in all.
TOGETHER = 4_000_000
MOST_PATHS = 400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What counts as a ring.

    `longest`: hops, 2 to 6. `days`: from the first hop's day to the last one's at most. `tolerance`: every amount lies
    within this share of the first hop's, so that nothing drifts from hop to hop. `ordered`: no hop is earlier than the
    one before it; else any order within `days` counts. Raises `ValueError` on others.
    """

    longest: int
    days: int
    tolerance: float
    ordered: bool = True

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if not 2 <= self.longest <= LONGEST:
            raise ValueError(f"A ring has 2 to {LONGEST} hops here, not {self.longest}.")
        if self.days < 0 or self.tolerance < 0:
            raise ValueError(f"Days and tolerance are not negative: {self.days}, {self.tolerance}.")

    @property
    def ratio(self) -> float:
        """How many times the least amount of a ring the largest may be; infinite where the tolerance is 1 or more."""
        return self.most / self.least if self.tolerance < 1 else float("inf")

    @property
    def least(self) -> float:
        """The least amount of a ring as a share of its first one."""
        return (1 - self.tolerance) * (1 - INCLUDED)

    @property
    def most(self) -> float:
        """The largest amount of a ring as a share of its first one."""
        return (1 + self.tolerance) * (1 + INCLUDED)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many candidate paths are held together, and looked at in all, before the search stops and says so."""

    together: int = TOGETHER
    most: int = MOST_PATHS
