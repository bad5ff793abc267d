"""How much of the door and of a service one client may hold at once, so that another's request finds room.

A quota counts requests; what stops others are threads that are held and work that lasts. A client has so many places
at the door, whatever its requests wait for, and so many in each service by the kind of route: a request beyond those
waits in its place at the door for one of the client's own to end. Each process counts for itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial

from chassis.core.errors import TooManyRequests
from gateway.door.routes import Route

# What one client, and one address without a key, may hold of the threads: together they leave some to others.
OF_A_CLIENT, OF_AN_ADDRESS = 2 / 3, 1 / 4
# As `smecredit up` and the compose file give the gateway.
THREADS = 96
# As long as a caller waits that says nothing else.
WAIT_SECONDS = 30.0
# When to come back with a file.
LONG_SECONDS = 5


class TooManyAtOnce(TooManyRequests):
    """The client has as much under way as it may have."""


class Places:
    """Counts what is under way; a place that comes free goes to whoever waits longest for one like it."""

    def __init__(self, threads: int = THREADS, wait: float = WAIT_SECONDS) -> None:
        self.most = max(1, int(threads * OF_A_CLIENT))
        self.most_of_address = max(1, int(threads * OF_AN_ADDRESS))
        self._wait = wait
        self._taken: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[threading.Lock]] = {}
        self._lock = threading.Lock()

    def enter(self, who: str) -> Callable[[], None]:
        """Take one of a client's places at the door and return what gives it back, once; raise `TooManyAtOnce`."""
        return self._entered(who, self.most)

    def enter_address(self, address: str) -> Callable[[], None]:
        """Do as `enter` does, for an address: where nobody need be known, and for what a client is refused."""
        return self._entered(("address", address), self.most_of_address)

    def _entered(self, who: Hashable, most: int) -> Callable[[], None]:
        if not self._take(who, most, 0):
            raise _refused(f"{most} of your requests are under way here")
        # The one that pops it gives the place back: an answer may be ended twice.
        return partial(self._leave, [who])

    @contextmanager
    def at_work(self, who: str, route: Route) -> Iterator[None]:
        """Hold one of a client's places in the service behind a route; raise `TooManyAtOnce` where none comes free."""
        finish = self.begin(who, route)
        try:
            yield
        finally:
            finish()

    def begin(self, who: str, route: Route, *, waits: bool = True) -> Callable[[], None]:
        """Do as `at_work` does, and return what gives the place back, once; what does not wait is refused at once."""
        key = (who, route.kind)
        if not self._take(key, route.at_once, self._wait if waits else 0):
            raise _refused(f"{route.at_once} of your requests to such routes are under way", long=not waits)
        return partial(self._leave, [key])

    def _leave(self, held: list[Hashable]) -> None:
        if held:
            self._give(held.pop())

    def _take(self, key: Hashable, most: int, wait: float) -> bool:
        with self._lock:
            taken = self._taken.get(key, 0)
            if taken < most:
                self._taken[key] = taken + 1
                return True
            if not wait:
                return False
            gate = threading.Lock()
            gate.acquire()
            self._waiting.setdefault(key, deque()).append(gate)
        return gate.acquire(timeout=wait) or not self._gave_up(key, gate)

    def _gave_up(self, key: Hashable, gate: threading.Lock) -> bool:
        """Stand in line no longer; tell whether the place had not come at the last moment."""
        with self._lock:
            line = self._waiting.get(key, deque())
            waits = gate in line
            if waits:
                line.remove(gate)
                self._tidy(key, line)
            return waits

    def _give(self, key: Hashable) -> None:
        with self._lock:
            line = self._waiting.get(key)
            if line:
                line.popleft().release()
                self._tidy(key, line)
            elif self._taken[key] > 1:
                self._taken[key] -= 1
            else:
                del self._taken[key]

    def _tidy(self, key: Hashable, line: deque[threading.Lock]) -> None:
        if not line:
            del self._waiting[key]


def _refused(what: str, *, long: bool = False) -> TooManyAtOnce:
    retry_after = LONG_SECONDS if long else 1
    return TooManyAtOnce(f"{what}. Wait for some to end, and ask with fewer connections.", retry_after=retry_after)
