"""When a request gives its place at the door back: when its answer has been sent, and holds no thread any more.

However short an answer is, the buffers of its connection may be full of those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from flask import Flask, Response, g, request
from werkzeug.wsgi import ClosingIterator

from gateway.door.places import Places, TooManyAtOnce

# The endpoint that takes its client's place itself, as soon as it knows whose it is.
PROXY = "proxy"


def watch(app: Flask, places: Places, address: Callable[[], str]) -> None:
    """Have each request give its place back when its answer has left; what is no client's place is the address's.

    A request that the proxy refuses takes one for its answer. Where none is left the answer is sent, but not waited
    for.
    """

    def enter() -> None:
        if request.endpoint != PROXY:
            g.leave = places.enter_address(address())

    def leave_with(response: Response) -> Response:
        try:
            leave = g.pop("leave", None) or places.enter_address(address())
        except TooManyAtOnce:
            _wait_no_more()
            return response
        return _left_by(response, leave)

    app.before_request(enter)
    app.after_request(leave_with)
    app.teardown_request(_leave_anyway)


def _left_by(response: Response, leave: Callable[[], None]) -> Response:
    if response.direct_passthrough:  # such a body is closed itself, and not its response
        response.response = ClosingIterator(cast("Iterable[bytes]", response.response), [leave])
    else:
        response.call_on_close(leave)
    return response


def _wait_no_more() -> None:
    """Have this request's connection broken off where its other side does not take the answer at once."""
    sock = request.environ.get("gunicorn.socket")
    if sock is not None:
        sock.begin(0.0)


def _leave_anyway(_: BaseException | None) -> None:
    leave = g.pop("leave", None)
    if leave:
        leave()
