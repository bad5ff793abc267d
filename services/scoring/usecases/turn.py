"""Requests that wait at the same time share one turn of work: one question to another service, one commit for all.

Who finds a place free goes at once, and alone: a lone request never waits. While all places are taken others gather;
the first of them then takes all that have come, so that the turns grow with the load and nobody works for others twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
# What a turn costs beside its scores (two transactions, a question to profile that makes a third) is as much as some
# fifteen scores cost, so fewer and larger turns win over turns side by side (docs/adr/0010).
AT_ONCE = 1


class _Ticket(Generic[T, R]):
    __slots__ = ("gate", "group", "item", "outcome")

    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: R | BaseException | None = None
        self.group: list[_Ticket[T, R]] | None = None  # those whom this one works for, itself the first
        # A bare lock wakes its one waiter for a tenth of what an Event costs.
        self.gate = threading.Lock()
        self.gate.acquire()


class Turns(Generic[T, R]):
    """Calls `work` with the items of all who wait; its answers are in their order, an exception where one failed.

    At most `at_once` turns are worked on at a time, of at most `most` items each.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Sequence[R | BaseException]], *, most: int = 64, at_once: int = AT_ONCE
    ) -> None:
        self._work = work
        self._most = most
        self._free = at_once
        self._waiting: list[_Ticket[T, R]] = []
        self._lock = threading.Lock()

    def __call__(self, item: T) -> R:
        """Return what the work made of this item, or raise what it met with."""
        ticket: _Ticket[T, R] = _Ticket(item)
        with self._lock:
            if self._free:
                self._free -= 1
                ticket.group = [ticket]
            else:
                self._waiting.append(ticket)
        if ticket.group is None:
            ticket.gate.acquire()  # until somebody has worked for this one, or leaves it to lead
        if ticket.group is not None:
            self._lead(ticket.group)
        if isinstance(ticket.outcome, BaseException):
            raise ticket.outcome
        assert ticket.outcome is not None
        return ticket.outcome

    def _lead(self, group: list[_Ticket[T, R]]) -> None:
        """Work for a group, then leave the place to those who came meanwhile."""
        try:
            outcomes = self._work([ticket.item for ticket in group])
        except BaseException as error:
            outcomes = [error] * len(group)
        for ticket, outcome in zip(group, outcomes, strict=True):
            ticket.outcome = outcome
        with self._lock:
            following, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            if following:
                following[0].group = following
            else:
                self._free += 1
        for ticket in (*following[:1], *group[1:]):
            ticket.gate.release()
