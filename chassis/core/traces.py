"""Traces of requests, calls of other services, jobs and their units, where the environment asks for them (ADR 56).

What is told by them is listed in `span.TOLD` and nothing else is: no body, no path, no name, no number of a firm, no
token. Where nobody asks, nothing of OpenTelemetry is imported, and each place that could tell something costs one
comparison.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from chassis.core.settings import SettingsError
from chassis.core.span import Fact, Span, Tracing

WISH = "SMECREDIT_TRACES"
# OpenTelemetry's own, which it reads by itself: where the spans go.
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_TRACING: Tracing | None = None
_NOBODY: AbstractContextManager[None] = nullcontext()


def wanted(environment: Mapping[str, str]) -> bool:
    """Return whether traces are asked for: by `SMECREDIT_TRACES` (`on`, `off`), or by naming where they go."""
    wish = environment.get(WISH, "")
    if wish not in ("", "on", "off"):
        raise SettingsError(
            f"The settings cannot be used:\n  {WISH}: on or off; the receiver's address is {ENDPOINTS[0]}."
        )
    return wish == "on" or (wish == "" and any(environment.get(name) for name in ENDPOINTS))


def configure(service: str) -> None:
    """Have this process trace, where its environment asks for it, under the name of a service."""
    if not wanted(os.environ):
        use(None)
        return
    try:
        from chassis.core import spans  # noqa: PLC0415 -- costs a fifth of a second, and most run without it
    except ImportError:
        raise SettingsError(
            f"The settings cannot be used:\n  {WISH}, {ENDPOINTS[0]}: traces need `pip install 'smecredit[tracing]'`."
        ) from None
    use(spans.Spans(service))


def use(tracing: Tracing | None) -> None:
    """Have this process trace by it, or not."""
    global _TRACING  # noqa: PLW0603 -- one a process, as its log is
    _TRACING = tracing


def tracing() -> Tracing | None:
    """Return what makes spans, None where nobody asks for them."""
    return _TRACING


def calling(upstream: str, method: str) -> AbstractContextManager[Span | None]:
    """Have a span last as long as a call of another service, if traces are asked for."""
    return _NOBODY if _TRACING is None else _TRACING.calling(upstream, method)


def working(kind: str, ordered_in: str | None, facts: Mapping[str, Fact]) -> AbstractContextManager[Span | None]:
    """Have a span last as long as a job, if traces are asked for."""
    return _NOBODY if _TRACING is None else _TRACING.working(kind, ordered_in, facts)


def doing(work: str, ordered_in: str | None, unit: object) -> AbstractContextManager[Span | None]:
    """Have a span last as long as a unit of work, a part of `ordered_in`, if traces are asked for."""
    return _NOBODY if _TRACING is None else _TRACING.doing(work, ordered_in or "", str(unit))


def onward(span: Span | None, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers of a call with the span that lasts as long as it."""
    return headers if span is None else {**headers, "traceparent": span.traceparent}


def answered(span: Span | None, status: int) -> None:
    """Tell with which status a call was answered."""
    if span is not None:
        span.tell({"http.response.status_code": status})


def current() -> str | None:
    """Return how the span under way is named, if traces are asked for."""
    return None if _TRACING is None else _TRACING.current()


def flush() -> None:
    """Send what has not been sent: this process ends."""
    if _TRACING is not None:
        _TRACING.flush()
