"""Forward a request to the service that answers it: with a token of ours, and only the headers that are listed here.

This is the hot path of the suite: it reads no body that it need not, and looks at no header twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, cast
from urllib.parse import quote

from flask import Response, g, request
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

from chassis.core.errors import Invalid, NotFound
from chassis.core.wire import BODILESS
from gateway.door import joined
from gateway.door.admission import Admission
from gateway.door.backends import Backend, trace_headers
from gateway.door.joined import Own
from gateway.door.places import Places
from gateway.door.routes import PREFIX, Route, route_of
from gateway.identity.authority import Pass

# Only these go on to a service. What is not listed cannot be trusted by one, whatever it is called: forwarded
# addresses, cookies of the portal, a patience or an identity of the sender's own making.
FORWARDED = {
    f"HTTP_{name.upper().replace('-', '_')}": name
    for name in (
        *("Accept", "Accept-Encoding", "Accept-Language", "Content-Disposition", "Content-Encoding", "Prefer"),
        *("If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Range", "User-Agent"),
        *("Idempotency-Key", "Purpose", "tracestate"),
    )
} | {"CONTENT_TYPE": "Content-Type"}
# RFC 9110 section 7.6.1, and what the server in front of the answer sets itself.
NOT_RETURNED = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade", "server", "date", "x-request-id"),
    )
)
# A body up to this size is held, so that the request can be sent again over a fresh connection.
HELD_BYTES = 64 * 1024
PIECE_BYTES = 64 * 1024
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


class Proxy:
    """Turns a request at `/v1/…` into one to the service behind it, and its answer into ours."""

    def __init__(
        self,
        admission: Admission,
        backends: Mapping[str, Backend],
        own: Own | None = None,
        places: Places | None = None,
    ) -> None:
        self._admission = admission
        self._backends = backends
        self._own = own or {}
        self._places = places or Places()

    def __call__(self, rest: str) -> Response:
        """Answer one request."""
        start = time.perf_counter()
        route = route_of(PREFIX + rest)
        if route is None:
            raise NotFound("There is no such route. GET /openapi.json lists all of them, and /docs explains them.")
        admitted = self._admission.of_request()
        client = admitted.caller.client
        g.leave = self._places.enter(client)
        headers = _outgoing(request.environ, admitted)
        body = _body(request.environ, headers)
        waits = not route.takes_files or body is None or isinstance(body, bytes)
        finish = self._places.begin(client, route.of(request.method), waits=waits)
        sent = time.perf_counter()
        try:
            response, received = self._forwarded(route, headers, body)
        except BaseException:
            finish()
            raise
        if response.is_sequence:
            finish()
        else:
            pieces = _until_its_end(cast("Iterator[bytes]", response.response), finish)
            response.response = ClosingIterator(pieces, [finish])
        _tell_time(response, sent - start + time.perf_counter() - received)
        return response

    def _forwarded(
        self, route: Route, headers: dict[str, str], body: bytes | IO[bytes] | None
    ) -> tuple[Response, float]:
        """Return the service's answer as ours, and when its first byte was here."""
        backend, target = self._backends[route.service], _target(request.environ)
        if route.joined:
            headers.pop("Content-Length", None)
            reply = joined.answer(self._backends, self._own, route, request.method, target, headers)
            return Response(reply.body, reply.status, _returned(reply.headers)), time.perf_counter()
        repeatable = _repeatable(body)
        if route.streams or not (body is None or isinstance(body, bytes)):
            answer = backend.send(
                request.method, target, headers=headers, body=body, patience=route.patience, repeatable=repeatable
            )
            return _streamed(answer, backend), time.perf_counter()
        headers.pop("Content-Length", None)  # libcurl counts for itself
        reply = backend.exchange(
            request.method, target, headers=headers, body=body, patience=route.patience, repeatable=repeatable
        )
        received = time.perf_counter()
        return Response(reply.body, reply.status, _returned(reply.headers), direct_passthrough=True), received


def _outgoing(environ: Mapping[str, Any], known: Pass) -> dict[str, str]:
    headers = {name: environ[key] for key, name in FORWARDED.items() if key in environ}
    headers["Authorization"] = known.authorization
    return headers | trace_headers()


def _body(environ: Mapping[str, Any], headers: dict[str, str]) -> bytes | IO[bytes] | None:
    """Return the body: bytes where it is small, else the stream itself, which is read while it is sent."""
    stream = cast("IO[bytes]", environ["wsgi.input"])
    length = environ.get("CONTENT_LENGTH")
    if environ["REQUEST_METHOD"] == "HEAD":
        return None  # it means nothing, and no service is to wait for it
    if length:
        headers["Content-Length"] = length
        whole = _Whole(stream, int(length))
        return whole.read() if int(length) <= HELD_BYTES else cast("IO[bytes]", whole)
    if environ.get("HTTP_TRANSFER_ENCODING"):
        headers["Transfer-Encoding"] = "chunked"
        return stream
    return None


class _Whole:
    """A body that must have its announced length, so that a sender who breaks off is noticed."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        if self._left == 0:
            return b""
        piece = self._stream.read(self._left if size < 0 else min(size, self._left))
        if not piece:
            raise Invalid(f"The body ended {self._left} bytes before its announced length. Send it again.")
        self._left -= len(piece)
        return piece


def _target(environ: Mapping[str, Any]) -> str:
    """Return path and query as they were sent; what a server decodes once must not be decoded twice."""
    raw = environ.get("RAW_URI")
    if raw and raw.startswith("/"):
        return str(raw)
    query = environ.get("QUERY_STRING")
    return quote(request.path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _repeatable(body: bytes | IO[bytes] | None) -> bool:
    in_memory = body is None or isinstance(body, bytes)
    return in_memory and (request.method in IDEMPOTENT or "HTTP_IDEMPOTENCY_KEY" in request.environ)


def _returned(fields: Iterable[tuple[str, str]]) -> Headers:
    return Headers([(name, value) for name, value in fields if name.lower() not in NOT_RETURNED])


def _streamed(answer: BaseHTTPResponse, backend: Backend) -> Response:
    returned = _returned(answer.headers.items())
    length = answer.headers.get("Content-Length")
    if not (length or "Transfer-Encoding" in answer.headers or request.method == "HEAD" or answer.status in BODILESS):
        answer.close()  # cut off within its head: it would look empty
        raise backend.broken_off()
    if request.method == "HEAD" or (length is not None and int(length) <= HELD_BYTES):
        body: bytes | Iterator[bytes] = _held(answer, backend)
    else:
        body = _pieces(answer)
    if not isinstance(body, bytes):
        # What is passed through is closed itself, and not its response.
        body = ClosingIterator(body, [answer.release_conn])
    return Response(body, answer.status, returned, direct_passthrough=True)


def _held(answer: BaseHTTPResponse, backend: Backend) -> bytes:
    """Return a short body whole; raise `ServiceUnreachable` where it ends before its end."""
    try:
        body = answer.read()
    except HTTPError as error:
        answer.close()
        raise backend.broken_off() from error
    answer.release_conn()
    return body


def _pieces(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body as it arrives. Where the service breaks off, the client sees an unfinished answer."""
    try:
        yield from answer.stream(PIECE_BYTES, decode_content=False)
    except HTTPError:
        answer.close()
        raise
    except GeneratorExit:
        answer.close()  # the client has gone: a half-read connection cannot be used again
        raise


def _until_its_end(pieces: Iterator[bytes], finish: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        finish()


def _tell_time(response: Response, own: float) -> None:
    theirs = response.headers.get("Server-Timing")
    ours = f"gateway;dur={own * 1000:.2f}"
    response.headers["Server-Timing"] = f"{theirs}, {ours}" if theirs else ours
