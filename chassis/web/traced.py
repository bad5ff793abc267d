"""The trace of a request: taken over from the caller, and its span where traces are asked for."""

from __future__ import annotations

import re
import secrets
from http import HTTPStatus

from flask.globals import app_ctx

from chassis.core import traces
from chassis.core.call import Call

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def begin(method: str, given: str) -> tuple[str, str]:
    """Return the id of the request's trace, and how the request is named in it; begin its span where one is wanted."""
    tracing = traces.tracing()
    if tracing is not None:
        span = app_ctx.g.span = tracing.begin_request(method, given)
        return span.traceparent[3:35], span.traceparent
    known = TRACEPARENT.fullmatch(given)
    trace_id = known[1] if known else secrets.token_hex(16)
    return trace_id, f"00-{trace_id}-{trace_id[:16]}-01"


def tell(method: str, route: str, status: int, under_way: Call | None) -> None:
    """Tell of the request what its log tells: by the route's template, as the path holds the numbers of firms."""
    span = app_ctx.g.get("span")
    if span is None:
        return
    span.name(f"{method} {route}")
    span.tell({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if under_way:
        span.tell({"smecredit.request_id": under_way.request_id})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))


def end() -> None:
    """End the request's span, if it has one."""
    span = app_ctx.g.pop("span", None)
    if span is not None:
        span.end()
