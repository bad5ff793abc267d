"""How units are handed to processes that may die: each death costs a try, and suspects are tried alone.

Where a process dies with several units in its hands, nobody knows which of them did it, and a unit that fills the
memory may only do so beside others. So a unit is tried again when the rest is done and nothing runs beside it: whoever
is named in the end has killed a process alone.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import structlog

from chassis.core.engine.parcel import packed, unpacked
from chassis.core.engine.ran import Ran, T, U
from chassis.core.errors import UnitKilled

TRIES = 3
log = structlog.get_logger()


class Crew(Protocol):
    """Processes that one run may use."""

    def room(self) -> int:
        """Return how many more parcels would be worked on at once; at least one where none is out and any can be."""

    def send(self, ticket: int, parcel: bytes) -> None:
        """Have a parcel done."""

    def receive(self) -> Sequence[tuple[int, bytes | None]]:
        """Wait a while for answers; a ticket without one is of a parcel whose process died."""


def dispatched(crew: Crew, work: Callable[[U], T], units: Sequence[U]) -> Iterator[Ran[U, T]]:
    """Do the units by a crew, and yield each as it ends."""
    parcels = [packed(work, unit) for unit in units]
    waiting, suspects = deque(range(len(units))), deque[int]()
    out, deaths = set[int](), Counter[int]()

    def send(ticket: int) -> None:
        out.add(ticket)
        crew.send(ticket, parcels[ticket])

    while waiting or suspects or out:
        while waiting and crew.room() > 0:
            send(waiting.popleft())
        if suspects and not waiting and not out and crew.room() > 0:
            send(suspects.popleft())
        for ticket, answer in crew.receive():
            out.discard(ticket)
            if answer is not None:
                yield unpacked(units[ticket], answer)
                continue
            deaths[ticket] += 1
            log.warning("process of a unit died", unit=str(units[ticket]), time=deaths[ticket])
            if deaths[ticket] < TRIES:
                suspects.append(ticket)
            else:
                yield Ran(units[ticket], failure=_killed(str(units[ticket])))


def _killed(name: str) -> UnitKilled:
    return UnitKilled(
        f"The part “{name}” of the work ended its process {TRIES} times, the last times with nothing beside it; the "
        "other parts are done. Mostly the memory does not suffice: the operator finds the cause in the system's log. / "
        f"任务分片“{name}”连续 {TRIES} 次使工作进程终止，其余分片已完成；多因内存不足，运营方可在系统日志中查明原因。",
        unit=name,
    )
