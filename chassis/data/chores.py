"""What the clock brings and no request: done every so many seconds by a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import OperationalError

from chassis.core.errors import Refused

LOOK_SECONDS = 0.2
log = structlog.get_logger()


class Chores:
    """Does each chore every so many seconds. Several hosts may do one at once, so it locks what it works on."""

    def __init__(self, chores: Mapping[Callable[[], object], float]) -> None:
        self._chores = dict(chores)
        self._done_at = dict.fromkeys(self._chores, float("-inf"))

    def run(self, _name: str) -> None:
        """Do what is due, for ever."""
        while True:
            self.do_due()
            time.sleep(LOOK_SECONDS)

    def do_due(self) -> None:
        """Do each chore whose time has come."""
        for chore, seconds in self._chores.items():
            if time.monotonic() - self._done_at[chore] < seconds:
                continue
            self._done_at[chore] = time.monotonic()
            try:
                chore()
            except (Refused, OperationalError) as error:
                # The next round finds the same work again.
                log.warning("chore put off", error=type(error).__name__)
            except Exception:  # a broken chore must not end the worker
                log.exception("chore broke off")
