"""Logs as JSON lines, with the request's id and without anybody's name, code or key.

A log line carries what we put there by name; values of requests never enter it. The route's template stands for the
path, because a path holds enterprise codes.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import orjson
import structlog

STDERR = 2


def configure(service: str, *, level: str = "INFO") -> None:
    """Write structlog events, and what libraries warn of, as one JSON object a line to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_traceback),
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: Lines(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.WARNING, format='{"service":"%(name)s","level":"%(levelname)s","event":"library"}'
    )


class Lines:
    """Hands each line to the system in one write of its own.

    Lines of up to a page do not mix (POSIX), so no lock is needed: threads queued for one while its holder waited to be
    scheduled again after the write, which was a quarter of the gateway's active time under load.

    A log that cannot be written (its disk is full) ends nobody's work: the next line that can be tells how many were
    lost.
    """

    _lost = 0

    def msg(self, line: bytes) -> None:
        """Write one line to standard error, where that can be done."""
        told = orjson.dumps({"event": "log lines lost", "lines": Lines._lost}) + b"\n" if Lines._lost else b""
        try:
            written = os.write(STDERR, told + line)
        except OSError:
            written = 0
        Lines._lost = 0 if written == len(told + line) else Lines._lost + 1

    log = debug = info = warn = warning = error = critical = fatal = exception = failure = msg


def _dumps(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=lambda value: type(value).__name__, option=orjson.OPT_APPEND_NEWLINE)


def _traceback(exc_info: Any) -> list[str]:
    """Give the places of a traceback without its message: SQL errors quote parameters, and those are data."""
    kind, _, trace = exc_info
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_qualname}")
        trace = trace.tb_next
    return [kind.__name__, *places[-12:]]
