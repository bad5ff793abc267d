"""Traces: a request, what it calls, and the job that it orders hang together, and tell nothing of anybody."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import MetaData
from werkzeug.serving import make_server

from chassis.core import traces
from chassis.core.engine import Here
from chassis.core.errors import UpstreamUnavailable
from chassis.core.http import Upstream
from chassis.core.identity import Verifier
from chassis.core.settings import SettingsError
from chassis.core.span import TOLD
from chassis.core.spans import Spans, Untold
from chassis.data import jobs
from chassis.data.database import Database
from chassis.data.jobs import Job, Kind
from chassis.data.worker import Worker
from chassis.web.app import make_app
from gateway.door.backends import Backend

ROOT = Path(__file__).resolve().parents[3]
COUNT = Kind("count", "counts")
FIRM, NAME, TAX_NUMBER, TOKEN = "local:E4711", "和兴商贸", "91310000MA1K35XX1Y", "secret-token"
TRACE, PARENT = "a" * 32, "b" * 16


@pytest.fixture
def told() -> Iterator[InMemorySpanExporter]:
    """Have this process trace into memory."""
    exporter = InMemorySpanExporter()
    yield exporter
    traces.use(None)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    metadata = MetaData()
    jobs.declare(metadata)
    metadata.create_all(database.engine)
    yield database
    database.dispose()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application, and give its address."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def service(verifier: Verifier) -> Flask:
    """Return a service that reads a firm."""
    app = make_app("profile", verifier=verifier)
    app.add_url_rule("/v1/enterprises/<enterprise>", "enterprise", lambda enterprise: {"id": enterprise, "name": NAME})
    return app


def door(verifier: Verifier, url: str, database: Database) -> Flask:
    """Return an application that asks the service both ways, and orders a job."""
    app = make_app("gateway", verifier=verifier, outermost=True)
    upstream, backend = Upstream("profile", url), Backend("profile", url)

    def read(enterprise: str) -> str:
        path = f"/v1/enterprises/{enterprise}"
        upstream.call("GET", path, query={"tax_number": TAX_NUMBER}, headers={"Authorization": f"Bearer {TOKEN}"})
        backend.exchange("GET", path, headers={}, patience=5, repeatable=True)
        backend.send("GET", path, headers={}, body=None, patience=5, repeatable=True).read()
        with database.begin() as session:
            return jobs.enqueue(session, COUNT, {"enterprise": enterprise})

    app.add_url_rule("/v1/scores/<enterprise>", "scores", read)
    return app


@pytest.fixture
def spans(verifier: Verifier, database: Database, told: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    """Return the spans, by name, of a request that calls a service three times and orders a job, which calls it too."""
    with served(service(verifier)) as url:
        app, upstream = door(verifier, url, database), Upstream("profile", url)
        traces.use(Spans("gateway", [SimpleSpanProcessor(told)]))
        answer = app.test_client().get(
            f"/v1/scores/{FIRM}?name={NAME}", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}
        )
        assert answer.status_code == 200
        handler: Callable[[Job], object] = lambda job: upstream.call("GET", f"/v1/enterprises/{FIRM}")  # noqa: E731
        assert Worker(database, {COUNT: handler}).run_once()
    found: dict[str, list[ReadableSpan]] = {}
    for span in told.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


def test_a_request_its_calls_and_their_answers_are_one_trace(spans: dict[str, list[ReadableSpan]]) -> None:
    """The caller's trace goes on: its span is the parent of ours, ours of the calls, each call of what answers it."""
    (request,) = spans["GET /v1/scores/<enterprise>"]
    assert (request.context.trace_id, request.parent.span_id) == (int(TRACE, 16), int(PARENT, 16))
    calls = [span for span in spans["GET profile"] if span.context.trace_id == request.context.trace_id]
    assert [span.parent.span_id for span in calls] == [request.context.span_id] * 3
    answers = [span for span in spans["GET /v1/enterprises/<enterprise>"] if span.context.trace_id == int(TRACE, 16)]
    assert [span.parent.span_id for span in answers] == [span.context.span_id for span in calls]
    assert {span.attributes["http.response.status_code"] for span in (request, *calls, *answers)} == {200}


def test_a_job_is_a_trace_of_its_own_that_names_the_request_that_ordered_it(
    spans: dict[str, list[ReadableSpan]],
) -> None:
    """What the job calls is a part of it."""
    (request,), (job,) = spans["GET /v1/scores/<enterprise>"], spans["count"]
    assert job.parent is None
    assert [link.context.span_id for link in job.links] == [request.context.span_id]
    assert job.context.trace_id in {span.context.trace_id for span in spans["GET profile"]}
    assert job.attributes["job.attempt"] == 1


def test_a_unit_of_work_is_a_part_of_the_job_that_ordered_it(database: Database, told: InMemorySpanExporter) -> None:
    """In whatever process: what names the job goes with the unit. One that fails tells the kind of its error alone."""
    traces.use(Spans("profile", [SimpleSpanProcessor(told)]))
    with database.begin() as session:
        jobs.enqueue(session, COUNT, {})
    assert Worker(database, {COUNT: lambda job: list(Here().run(int, ["7", "seven"]))}).run_once()
    done, failed, job = told.get_finished_spans()
    assert [span.parent.span_id for span in (done, failed)] == [job.context.span_id] * 2
    assert (done.name, done.attributes["unit.name"], failed.attributes["error.type"]) == ("int", "7", "ValueError")


def test_nothing_of_a_firm_and_no_token_is_told(spans: dict[str, list[ReadableSpan]]) -> None:
    """Attributes are those that are listed, and no name, number or token is in anything that is sent."""
    every = [span for named in spans.values() for span in named]
    assert {name for span in every for name in span.attributes} <= TOLD
    sent = "".join(span.to_json() for span in every)
    assert not [secret for secret in (FIRM, "E4711", NAME, TAX_NUMBER, TOKEN) if secret in sent]
    assert not [span for span in every if span.events]


def test_what_is_not_listed_cannot_be_told(told: InMemorySpanExporter) -> None:
    with Spans("x", [SimpleSpanProcessor(told)]).calling("profile", "GET") as span, pytest.raises(Untold):
        span.tell({"enterprise": FIRM})


def test_a_failure_is_told_by_its_kind_alone(told: InMemorySpanExporter) -> None:
    """The words of an error may hold what was sent."""
    traces.use(Spans("x", [SimpleSpanProcessor(told)]))
    with pytest.raises(UpstreamUnavailable):
        Upstream("profile", "http://127.0.0.1:9").call("GET", f"/{FIRM}")
    (span,) = told.get_finished_spans()
    assert (span.status.is_ok, span.attributes["error.type"]) == (False, "UpstreamUnavailable")
    assert FIRM not in span.to_json()


def test_the_log_names_the_trace_beside_the_request(
    verifier: Verifier, told: InMemorySpanExporter, capfd: pytest.CaptureFixture[str]
) -> None:
    """With spans and without them."""
    for spans in (None, Spans("profile", [SimpleSpanProcessor(told)])):
        app = service(verifier)
        traces.use(spans)
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "req_12345678"}
        app.test_client().get(f"/v1/enterprises/{FIRM}", headers=headers)
        line = capfd.readouterr().err.splitlines()[-1]
        assert (TRACE in line, "req_12345678" in line, FIRM in line) == (True, True, False)


def test_spans_go_to_the_receiver_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, told: InMemorySpanExporter
) -> None:
    """By OTLP over HTTP, as every receiver takes them."""
    received: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    traces.configure("profile")
    with traces.calling("scoring", "GET"):
        pass
    traces.flush()
    server.shutdown()
    server.server_close()
    (of_one,) = ExportTraceServiceRequest.FromString(received[0]).resource_spans
    assert "profile" in {field.value.string_value for field in of_one.resource.attributes}
    assert [span.name for scope in of_one.scope_spans for span in scope.spans] == ["GET scoring"]


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, False),
        ({"SMECREDIT_TRACES": "on"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"SMECREDIT_TRACES": "off", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
    ],
)
def test_who_asks_for_traces(environment: dict[str, str], asked: bool) -> None:
    assert traces.wanted(environment) == asked


def test_a_wish_that_is_none_is_told() -> None:
    with pytest.raises(SettingsError, match="SMECREDIT_TRACES: on or off"):
        traces.wanted({"SMECREDIT_TRACES": "yes"})


def test_where_nobody_asks_nothing_of_it_is_imported() -> None:
    """A process that does not trace is as large and starts as fast as before."""
    program = "import sys, chassis.web.app, chassis.data.crew, gateway.door.backends as _; " + (
        "from chassis.core import traces; traces.configure('x'); "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, env={}).returncode == 0
