"""A circuit breaker that many threads may pass at once.

(pybreaker 1.4 holds its lock during the call that it guards, so a process had one call under way at a time: 16 callers
waited for each other, 59 % of a score's time.)
"""

from __future__ import annotations

import threading
import time


class CircuitOpen(Exception):
    """The other side failed repeatedly and is left alone for now."""


class Breaker:
    """Opens after `most_failures` in a row; every `seconds` one call then tries, and its success closes it again."""

    def __init__(self, most_failures: int, seconds: float) -> None:
        self._most_failures = most_failures
        self._seconds = seconds
        self._failures = 0
        self._next_try = 0.0
        self._lock = threading.Lock()

    def admit(self) -> None:
        """Let a call pass; raise `CircuitOpen` where it would be hopeless."""
        if self._failures < self._most_failures:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._next_try:
                raise CircuitOpen
            self._next_try = now + self._seconds

    def succeeded(self) -> None:
        """Note that a call was answered."""
        self._failures = 0

    def failed(self) -> None:
        """Note that a call was not answered."""
        with self._lock:
            self._failures += 1
            self._next_try = time.monotonic() + self._seconds
