"""The services behind the gateway: pooled keep-alive connections, a deadline, and one careful second try."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import IO, TypeVar

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse

from chassis.core import call, metrics, traces
from chassis.core.errors import UpstreamUnavailable
from chassis.core.wire import CONNECT_SECONDS, NoConnection, NoReply, NoReplyInTime, Reply, Wire

SILENT = (NoReplyInTime, ReadTimeoutError)
UNCONNECTED = (NoConnection, NewConnectionError, ConnectTimeoutError)
T = TypeVar("T")
POOLED = 64  # idle connections kept to each service; more are opened when needed and closed after use


class ServiceUnreachable(UpstreamUnavailable):
    """A service refused the connection or broke it off."""


class ServiceTimedOut(UpstreamUnavailable):
    """A service was silent for longer than its route may be."""


class Backend:
    """One service. Nothing connects until the first request, so that a server may fork after loading."""

    def __init__(self, name: str, base_url: str) -> None:
        self.name = name
        self.base_url = base_url
        self._wire = Wire(base_url)
        self._pool = urllib3.connection_from_url(base_url, maxsize=POOLED, retries=False)

    def exchange(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        patience: float,
        repeatable: bool,
    ) -> Reply:
        """Return the service's answer whole: the lean way (libcurl) for all that fits in memory.

        A `repeatable` request is sent a second time where the connection broke before an answer: the usual cause is
        a worker that was replaced and closed its kept connections. Silence is never repeated, since the work may be
        under way. Raises `ServiceUnreachable` (502) and `ServiceTimedOut` (504).
        """
        with traces.calling(self.name, method) as span:
            fields = traces.onward(span, headers)
            ask = partial(self._wire.exchange, method, target, fields, body, patience=patience, repeatable=repeatable)
            reply = self._tried(ask, patience, repeatable=repeatable)
            traces.answered(span, reply.status)
            return reply

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | IO[bytes] | None,
        patience: float,
        repeatable: bool,
    ) -> BaseHTTPResponse:
        """Return the service's answer, its body unread, for what streams (urllib3); otherwise as `exchange`."""
        with traces.calling(self.name, method) as span:
            fields = traces.onward(span, headers)
            ask = partial(
                self._pool.urlopen,
                method,
                target,
                body=body,
                headers=fields,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=patience),
                preload_content=False,
                decode_content=False,
            )
            answer: BaseHTTPResponse = self._tried(ask, patience, repeatable=repeatable)
            traces.answered(span, answer.status)
            return answer

    def broken_off(self) -> UpstreamUnavailable:
        """Return the refusal of an answer that ended before its end."""
        return self._unreachable(connected=True)

    def _tried(self, ask: Callable[[], T], patience: float, *, repeatable: bool) -> T:
        for last in (not repeatable, True):
            try:
                return ask()
            except (NoReply, HTTPError) as error:
                if last or not _broke_off(error):
                    raise self._refusal(error, patience) from error
        raise AssertionError("the second try returns or raises")

    def _refusal(self, error: Exception, patience: float) -> UpstreamUnavailable:
        if isinstance(error, SILENT):
            return self._silent(patience)
        return self._unreachable(connected=not isinstance(error, UNCONNECTED))

    def _silent(self, patience: float) -> UpstreamUnavailable:
        metrics.UNANSWERED.labels(self.name).inc()
        return ServiceTimedOut(
            f"The {self.name} service did not answer within {patience:g} s. Ask again with the same "
            "Idempotency-Key: work that was done is not done twice. Operator: see GET /readyz.",
            service=self.name,
        )

    def _unreachable(self, *, connected: bool) -> UpstreamUnavailable:
        metrics.UNANSWERED.labels(self.name).inc()
        return ServiceUnreachable(
            f"The {self.name} service {'broke off its answer' if connected else 'cannot be reached'}. Try again in a "
            "few seconds with the same Idempotency-Key. Operator: GET /readyz names what is missing; is "
            f"services.{self.name} running?",
            service=self.name,
            retry_after=2,
        )


def _broke_off(error: Exception) -> bool:
    """Tell whether a connection that stood broke before an answer."""
    return isinstance(error, NoReply | ProtocolError) and not isinstance(error, (*SILENT, *UNCONNECTED))


def trace_headers() -> dict[str, str]:
    """Return the ids by which one request is found again in every service's log."""
    under_way = call.under_way()
    return under_way.trace_headers() if under_way else {}
