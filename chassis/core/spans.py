"""Spans by OpenTelemetry: imported only where traces are asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.core.span import TOLD, Fact, Span

TRACEPARENT = "traceparent"
FLUSH_MILLISECONDS = 1000
W3C = TraceContextTextMapPropagator()


class Untold(Exception):
    """Something was to be told that is not in `TOLD`."""


class OneSpan:
    """A span, the current one from now until it ends; see `chassis.core.span.Span`."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._within = trace.set_span_in_context(span)
        self._before = context.attach(self._within)

    @property
    def traceparent(self) -> str:
        """How it is named to whoever does a part of it."""
        return _named(self._within)

    def tell(self, facts: Mapping[str, Fact]) -> None:
        """Tell something of it."""
        if untold := set(facts) - TOLD:
            raise Untold(", ".join(sorted(untold)))
        self._span.set_attributes(facts)

    def fail(self, kind: str) -> None:
        """Tell that it failed, and by which kind of error."""
        self.tell({"error.type": kind})
        self._span.set_status(Status(StatusCode.ERROR))

    def name(self, name: str) -> None:
        """Name it by what is known only now."""
        self._span.update_name(name)

    def end(self) -> None:
        """End it, and go back to what was the current one before it."""
        context.detach(self._before)
        self._span.end()


class Spans:
    """Makes spans of a service and sends them in the background; see `chassis.core.span.Tracing`.

    Nothing is made before the first span, so that a server may fork after loading.
    """

    def __init__(self, service: str, processors: Sequence[SpanProcessor] | None = None) -> None:
        self._service = service
        self._processors = processors
        self._lock = threading.Lock()

    def begin_request(self, method: str, traceparent: str) -> Span:
        """Begin the span of a request."""
        return self._begun(method, SpanKind.SERVER, W3C.extract({TRACEPARENT: traceparent}, context=Context()))

    @contextmanager
    def calling(self, upstream: str, method: str) -> Iterator[Span]:
        """Have a span last as long as a call of another service."""
        with _lasting(self._begun(f"{method} {upstream}", SpanKind.CLIENT)) as one:
            one.tell({"peer.service": upstream, "http.request.method": method})
            yield one

    @contextmanager
    def working(self, kind: str, ordered_in: str | None, facts: Mapping[str, Fact]) -> Iterator[Span]:
        """Have a span last as long as a job: a trace of its own, as it may begin when its order is long answered."""
        ordered = trace.get_current_span(W3C.extract({TRACEPARENT: ordered_in or ""}, context=Context()))
        links = [Link(ordered.get_span_context())] if ordered_in else []
        with _lasting(self._begun(kind, SpanKind.CONSUMER, Context(), links)) as one:
            one.tell({"job.kind": kind, **facts})
            yield one

    @contextmanager
    def doing(self, work: str, ordered_in: str, unit: str) -> Iterator[Span]:
        """Have a span last as long as a unit of work."""
        within = W3C.extract({TRACEPARENT: ordered_in}, context=Context())
        with _lasting(self._begun(work, SpanKind.INTERNAL, within)) as one:
            one.tell({"unit.name": unit})
            yield one

    def current(self) -> str | None:
        """Return how the span under way is named."""
        return _named(context.get_current()) or None

    def flush(self) -> None:
        """Send what has not been sent."""
        self._provider.force_flush(FLUSH_MILLISECONDS)

    def _begun(self, name: str, kind: SpanKind, within: Context | None = None, links: Sequence[Link] = ()) -> OneSpan:
        with self._lock:
            tracer = self._tracer
        return OneSpan(tracer.start_span(name, within, kind, links=links))

    @cached_property
    def _tracer(self) -> trace.Tracer:
        return self._provider.get_tracer("smecredit")

    @cached_property
    def _provider(self) -> TracerProvider:
        provider = TracerProvider(resource=Resource.create({SERVICE_NAME: self._service}))
        for processor in self._processors or [BatchSpanProcessor(OTLPSpanExporter())]:
            provider.add_span_processor(processor)
        return provider


@contextmanager
def _lasting(one: OneSpan) -> Iterator[OneSpan]:
    try:
        yield one
    except BaseException as error:
        one.fail(type(error).__name__)
        raise
    finally:
        one.end()


def _named(within: Context) -> str:
    carrier: dict[str, str] = {}
    W3C.inject(carrier, context=within)
    return carrier.get(TRACEPARENT, "")
