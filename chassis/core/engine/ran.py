"""What an engine promises: units are done in any order, and each ends with a result or with a failure of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

U = TypeVar("U")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ran(Generic[U, T]):
    """A unit that has ended: its result, or the failure that it ended with."""

    unit: U
    result: T | None = None
    failure: Exception | None = None


class Engine(Protocol):
    """Does units of work beside each other."""

    def run(self, work: Callable[[U], T], units: Sequence[U]) -> Iterator[Ran[U, T]]:
        """Do the work on every unit, and yield each as it ends; the order is nobody's promise.

        `work` is a function of a module or a partial of one; it, its units and results can be pickled. To stop taking
        (a break, a lease that is lost) is to cancel what is not done. `str(unit)` is told in logs and problems: let it
        be a short name that is nobody's (a bucket, a month). Raise `EngineUnavailable` where the engine itself is
        lost: what was yielded is done, and the run may be begun again.
        """


def completed(ended: Iterable[Ran[U, T]]) -> Iterator[tuple[U, T]]:
    """Yield each unit that was done with its result; when all have ended, raise the failure of the first that failed.

    First is the first by name, so that the same failures are told alike each time. The failure is the unit's own, with
    a note that names all units that failed.
    """
    failed = list[tuple[str, Exception]]()
    for ran in ended:
        if ran.failure is None:
            yield ran.unit, cast("T", ran.result)
        else:
            failed.append((str(ran.unit), ran.failure))
    if failed:
        failed.sort(key=lambda entry: entry[0])
        failure = failed[0][1]
        failure.add_note("failed units: " + ", ".join(name for name, _ in failed))
        raise failure
