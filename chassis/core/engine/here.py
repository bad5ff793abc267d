"""The engine of this process: for tests, and for work so small that a process would cost more than it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from chassis.core.engine.parcel import done, packed, unpacked
from chassis.core.engine.ran import Ran, T, U


@dataclass(frozen=True, slots=True)
class Here:
    """Does one unit after the other in this process; all go through the same bytes as elsewhere."""

    def run(self, work: Callable[[U], T], units: Sequence[U]) -> Iterator[Ran[U, T]]:
        """Do the units in their order."""
        parcels = [packed(work, unit) for unit in units]
        for unit, parcel in zip(units, parcels, strict=True):
            yield unpacked(unit, done(parcel))
