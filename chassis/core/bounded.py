"""A look at something that may never answer, given up on in time: whoever asks learns that there is no answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context

from chassis.core.errors import UpstreamUnavailable

# Below what those who ask for readiness wait for it.
SECONDS = 5.0


class Bounded:
    """A check that raises `UpstreamUnavailable` where it has not ended within some seconds.

    One that hangs is not begun again beside itself: who asks meanwhile waits for the same one.
    """

    def __init__(self, check: Callable[[], object], seconds: float = SECONDS) -> None:
        self._check, self._seconds = check, seconds
        self._turn = threading.Lock()
        self._going: Future[None] | None = None

    def __call__(self) -> None:
        """Wait for the check, and raise what it raises."""
        going = self._begun()
        try:
            going.result(self._seconds)
        except TimeoutError:
            if going.done():
                raise
            raise UpstreamUnavailable(
                f"There is no answer within {self._seconds:g} s; ask again in a moment. / "
                f"{self._seconds:g} 秒内无应答，请稍后重试。"
            ) from None

    def _begun(self) -> Future[None]:
        with self._turn:
            if self._going is None or self._going.done():
                going = self._going = Future()
                # Not of a pool: the end of the process would wait for what hangs.
                threading.Thread(target=copy_context().run, args=(self._look, going), daemon=True).start()
            return self._going

    def _look(self, going: Future[None]) -> None:
        try:
            self._check()
        except BaseException as error:
            going.set_exception(error)
        else:
            going.set_result(None)
