"""The call that this thread is answering: its id, its trace, how long its caller still waits, where its time went.

Whatever is done for a call may ask: a use case times a stage, a client of another service passes the trace on. No web
framework is needed for it; the web floor begins a call and ends it. Where none is under way (a worker's job, a test),
patience is the default and stages are not kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
DEFAULT_PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Call:
    """One request under way; `deadline` is of the monotonic clock, `stages` are entries of `Server-Timing`."""

    request_id: str
    trace_id: str
    # How this request is named to whoever does a part of it (W3C Trace Context).
    traceparent: str
    deadline: float
    # What of its headers goes along to other services: who asks, and for which purpose.
    forwarded: Mapping[str, str]
    stages: list[str] = field(default_factory=list)
    # Whether the answer is that of an earlier request with the same Idempotency-Key.
    replayed: bool = False

    def trace_headers(self) -> dict[str, str]:
        """Return the headers by which another service tells the same request in its log."""
        return {"X-Request-Id": self.request_id, "traceparent": self.traceparent}


_UNDER_WAY: ContextVar[Call | None] = ContextVar("call", default=None)


def begin(call: Call | None) -> Call | None:
    """Make it the call that this thread answers; return the one it answered before, to which it goes back."""
    before = _UNDER_WAY.get()
    _UNDER_WAY.set(call)
    return before


def under_way() -> Call | None:
    """Return the call that this thread answers, if any."""
    return _UNDER_WAY.get()


def request_id() -> str | None:
    """Return the id of the call under way, if any."""
    call = _UNDER_WAY.get()
    return None if call is None else call.request_id


def traceparent() -> str | None:
    """Return how the call under way is named in traces, if any is."""
    call = _UNDER_WAY.get()
    return None if call is None else call.traceparent


def patience() -> float:
    """Return how many seconds the caller will still wait, at least a tenth."""
    call = _UNDER_WAY.get()
    return DEFAULT_PATIENCE_SECONDS if call is None else max(0.1, call.deadline - time.monotonic())


def onward_headers() -> dict[str, str]:
    """Return the headers with which another service is called for this call."""
    call = _UNDER_WAY.get()
    return {} if call is None else {**call.forwarded, **call.trace_headers()}


def note_replay() -> None:
    """Note that what is answered was answered before."""
    call = _UNDER_WAY.get()
    if call is not None:
        call.replayed = True


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Add the time of the block to the answer's `Server-Timing` under `stage`."""
    start = time.perf_counter()
    try:
        yield
    finally:
        add_timing((stage, (time.perf_counter() - start) * 1000))


def add_timing(*stages: tuple[str, float]) -> None:
    """Add stages and their milliseconds to the answer's `Server-Timing`."""
    call = _UNDER_WAY.get()
    if call is not None:
        call.stages.extend([f"{stage};dur={milliseconds:.2f}" for stage, milliseconds in stages])
