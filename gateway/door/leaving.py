"""When a request gives its place at the door back: as soon as its answer holds no thread any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from flask import Flask, Response, g, request
from werkzeug.wsgi import ClosingIterator

from gateway.door.places import Places
from gateway.door.routes import PREFIX

# What the buffers of a connection take at once: such an answer holds no thread, however slowly it is read.
TAKEN_AT_ONCE = 64 * 1024


def watch(app: Flask, places: Places, address: Callable[[], str]) -> None:
    """Have each request give its place back when its answer has left; outside `/v1` places are those of an address."""

    def enter() -> None:
        if not request.path.startswith(PREFIX):
            g.leave = places.enter(f"address {address()}")

    app.before_request(enter)
    app.after_request(_leave_with)
    app.teardown_request(_leave_anyway)


def _leave_with(response: Response) -> Response:
    leave = g.pop("leave", None)
    if leave and response.is_sequence and (response.calculate_content_length() or 0) <= TAKEN_AT_ONCE:
        leave()
    elif leave and response.direct_passthrough:  # such a body is closed itself, and not its response
        response.response = ClosingIterator(cast("Iterable[bytes]", response.response), [leave])
    elif leave:
        response.call_on_close(leave)
    return response


def _leave_anyway(_: BaseException | None) -> None:
    leave = g.pop("leave", None)
    if leave:
        leave()
