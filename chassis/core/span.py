"""What a trace is made of, and everything that may be told by it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

TOLD = frozenset(
    {
        *("http.request.method", "http.route", "http.response.status_code", "error.type"),
        *("smecredit.request_id", "peer.service", "job.id", "job.kind", "job.attempt"),
        "unit.name",
    }
)
Fact = str | int


class Span(Protocol):
    """Something that takes time; what is told of it must be in `TOLD`."""

    @property
    def traceparent(self) -> str:
        """How it is named to whoever does a part of it (W3C Trace Context)."""

    def tell(self, facts: Mapping[str, Fact]) -> None:
        """Tell something of it."""

    def fail(self, kind: str) -> None:
        """Tell that it failed, and by which kind of error: never by its words."""

    def name(self, name: str) -> None:
        """Name it by what is known only now."""

    def end(self) -> None:
        """End it, and go back to what was the current one before it."""


class Tracing(Protocol):
    """What makes spans."""

    def begin_request(self, method: str, traceparent: str) -> Span:
        """Begin the span of a request, as a part of what its caller names; it is the current one until it ends."""

    def calling(self, upstream: str, method: str) -> AbstractContextManager[Span]:
        """Have a span last as long as a call of another service."""

    def working(self, kind: str, ordered_in: str | None, facts: Mapping[str, Fact]) -> AbstractContextManager[Span]:
        """Have a span last as long as a job, linked to what ordered it."""

    def doing(self, work: str, ordered_in: str, unit: str) -> AbstractContextManager[Span]:
        """Have a span last as long as a unit of work, as a part of the job that ordered it, wherever it is done."""

    def current(self) -> str | None:
        """Return how the span under way is named."""

    def flush(self) -> None:
        """Send what has not been sent, for a second at most."""
