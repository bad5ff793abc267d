"""What is to be struck: each fault so many times, in rounds whose faults the questions can tell apart."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence

from faults.fault import Fault

# Twenty-four kills, ten times each: more than the 200 of the bar, and ten of everything else.
TIMES = 10


def remaining(faults: Iterable[Fault], times: int, struck: Counter[str]) -> list[Fault]:
    """Return each fault as often as it is still to be struck."""
    return [fault for fault in faults for _ in range(times - struck[fault.name])]


def rounds(waiting: Sequence[Fault], chance: random.Random) -> list[list[Fault]]:
    """Divide strikes into rounds, in an order of chance.

    Faults of one round are of one sort and strike different parts: what is missing afterwards says whose fault it was.
    """
    mixed = list(waiting)
    chance.shuffle(mixed)
    made: list[list[Fault]] = []
    for fault in mixed:
        fitting = next((each for each in made if _fits(fault, each)), None)
        if fitting is None:
            made.append(fitting := [])
        fitting.append(fault)
    chance.shuffle(made)
    return made


def _fits(fault: Fault, round_: Sequence[Fault]) -> bool:
    """Tell whether a fault may be struck in a round of others."""
    return bool(fault.sort) and all(each.sort == fault.sort and each.part != fault.part for each in round_)
