"""Calls from one service to another: pooled, with a deadline, retried where that is safe, cut off where hopeless."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
import stamina
from urllib3 import HTTPHeaderDict

from chassis.core import metrics, traces
from chassis.core.breaker import Breaker, CircuitOpen
from chassis.core.call import onward_headers, patience
from chassis.core.errors import UpstreamUnavailable
from chassis.core.problems import MEDIA_TYPE, UpstreamProblem
from chassis.core.wire import NoReply, Wire

SAFE = frozenset({"GET", "HEAD", "PUT"})
RETRIES = 3
FAILURES_TO_OPEN, SECONDS_OPEN = 5, 3
TOKEN_MARGIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What an upstream said."""

    status: int
    headers: HTTPHeaderDict
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return orjson.loads(self.body)


class _Unreachable(Exception):
    """No usable answer; worth another try where the call is safe to repeat."""


class Upstream:
    """Another service at `base_url`. One set of kept-alive connections and one breaker for all threads."""

    def __init__(self, name: str, base_url: str, *, timeout: float = 10.0) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._wire = Wire(self.base_url)
        self._breaker = Breaker(FAILURES_TO_OPEN, SECONDS_OPEN)

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """Call and return the answer of a success.

        Authorization, purpose, request id, trace and the remaining patience of the current request go along unless
        given. A refusal is raised as `UpstreamProblem`; silence as `UpstreamUnavailable`. `repeatable` marks a POST
        that is safe to repeat (a read by POST, or one with an Idempotency-Key).
        """
        target = path + (f"?{urlencode(query)}" if query else "")
        sent = {**onward_headers(), **(headers or {})}
        if json is not None:
            body = orjson.dumps(json)
            sent["Content-Type"] = "application/json"
        repeatable = repeatable or method in SAFE
        with traces.calling(self.name, method) as span:
            once = partial(self._once, method, target, body, traces.onward(span, sent), repeatable)
            answer = self._answered(once, repeatable)
            traces.answered(span, answer.status)
        return self._passed(answer)

    def _answered(self, once: partial[Answer], repeatable: bool) -> Answer:
        try:
            return self._tried(once, repeatable)
        except (CircuitOpen, _Unreachable):
            detail = f"The {self.name} service does not answer; try again in a few seconds."
            raise UpstreamUnavailable(detail, upstream=self.name, retry_after=SECONDS_OPEN) from None

    def _tried(self, once: partial[Answer], repeatable: bool) -> Answer:
        try:
            return once()
        except _Unreachable:
            if not repeatable:
                raise
        retrying = stamina.RetryingCaller(attempts=RETRIES - 1, wait_initial=0.05, wait_max=0.5, timeout=patience())
        return retrying.on(_Unreachable)(once)

    def _once(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], repeatable: bool
    ) -> Answer:
        self._breaker.admit()
        try:
            answer = self._send(method, target, body, headers, repeatable)
        except _Unreachable:
            self._breaker.failed()
            metrics.UNANSWERED.labels(self.name).inc()
            raise
        self._breaker.succeeded()
        return answer

    def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], repeatable: bool
    ) -> Answer:
        wait = min(self._timeout, patience())
        headers = {**headers, "X-Timeout-Ms": str(int(wait * 1000))}
        try:
            reply = self._wire.exchange(method, target, headers, body, patience=wait, repeatable=repeatable)
        except NoReply as error:
            raise _Unreachable from error
        if reply.status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}:
            raise _Unreachable
        return Answer(reply.status, HTTPHeaderDict(reply.headers), reply.body)

    def _passed(self, answer: Answer) -> Answer:
        if answer.status < HTTPStatus.BAD_REQUEST:
            return answer
        if answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            raise UpstreamProblem(answer.json())
        detail = f"The {self.name} service answered {answer.status} without saying why."
        raise UpstreamUnavailable(detail, upstream=self.name)


class ServiceIdentity:
    """A service's own identity at the gateway, with which its workers act for the client that ordered a job."""

    def __init__(self, gateway_url: str, api_key: str) -> None:
        self._gateway = Upstream("gateway", gateway_url)
        self._api_key = api_key
        self._tokens: dict[str | None, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def headers(self, client: str, purpose: str) -> dict[str, str]:
        """Return the headers of a call made for `client` and for `purpose`."""
        return {"Authorization": f"Bearer {self.token(client)}", "Purpose": purpose}

    def own_headers(self) -> dict[str, str]:
        """Return the headers of a call that this service makes for itself."""
        return {"Authorization": f"Bearer {self.token(None)}"}

    def token(self, client: str | None) -> str:
        """Return a token that speaks for `client` and names this service as its actor; None: for itself."""
        with self._lock:
            expires, token = self._tokens.get(client, (0.0, ""))
            if expires < time.monotonic():
                expires, token = self._ask(client)
                self._tokens[client] = (expires, token)
            return token

    def _ask(self, client: str | None) -> tuple[float, str]:
        form = urlencode({"grant_type": "client_credentials", **({"subject": client} if client else {})})
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = self._gateway.call("POST", "/oauth/token", body=form.encode(), headers=headers, repeatable=True).json()
        return time.monotonic() + answer["expires_in"] - TOKEN_MARGIN_SECONDS, answer["access_token"]
