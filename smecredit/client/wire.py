"""One HTTP call to the suite: pooled, retried where that is safe, refused in words."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3

from smecredit.problems import Problem, Unreachable

if TYPE_CHECKING:
    from smecredit.client.tokens import Tokens

RETRIED_STATUSES = (429, 502, 503, 504)
# A write carries an Idempotency-Key, so sending it again has one effect; that is what makes its retry safe.
SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer (status below 400)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)

    def lines(self) -> list[Any]:
        """Read the body as JSON Lines."""
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]


class Wire:
    """Calls one suite with one key over a pool of kept connections; safe to share between threads."""

    def __init__(self, url: str, api_key: str | None, *, timeout: float, connections: int, retries: int) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Accept": "application/json, */*", "User-Agent": "smecredit"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._timeout = urllib3.Timeout(connect=5, read=timeout)
        self._retries = retries
        self._tokens: Tokens | None = None
        self._pool = urllib3.PoolManager(maxsize=connections, block=True)

    def with_key(self, api_key: str) -> Wire:
        """Return the same connections with another key."""
        other = copy.copy(self)
        other._headers = {**self._headers, "Authorization": f"Bearer {api_key}"}
        other._tokens = None
        return other

    def signing(self, client_id: str, private_key: bytes, endpoint: str | None, *, bound: bool) -> Wire:
        """Return the same connections, each call with a token for which `client_id` signs with its own key.

        What is `bound` is sent once: a proof is good for one request, so a call that got no answer is its caller's to
        repeat, under the same Idempotency-Key.
        """
        from smecredit.client.tokens import Tokens  # noqa: PLC0415 -- who comes with a key needs no cryptography

        other = copy.copy(self)
        audience = endpoint or f"{self.url}/oauth/token"
        other._tokens = Tokens(client_id, private_key, audience, self._ask_token, bound=bound)
        if bound:
            other._retries = 0
        return other

    def _ask_token(self, form: bytes, proof: Mapping[str, str]) -> dict[str, object]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **proof}
        plain = copy.copy(self)
        plain._tokens = None
        plain._retries = 0  # an assertion is used once
        return dict(plain.call("POST", "/oauth/token", body=form, headers=headers).json())

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | IO[bytes] | None = None,
        value: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send `value` as JSON, or `body` as it is; raise `Problem` or `Unreachable`."""
        sent = {**self._headers, **(headers or {})}
        if self._tokens:
            sent |= self._tokens.headers(method, path)
        if value is not None:
            body = json.dumps(value, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        if method in ("POST", "PUT"):
            sent.setdefault("Idempotency-Key", uuid.uuid4().hex)
        try:
            response = self._pool.request(
                method,
                self.url + path + _query(query),
                body=body,
                headers=sent,
                timeout=self._timeout,
                retries=self._policy(method, sent),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(self.url, _cause(error)) from None
        if response.status >= 400:
            raise _problem(response)
        return Answer(response.status, response.headers, response.data)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.clear()

    def _policy(self, method: str, headers: Mapping[str, str]) -> urllib3.Retry:
        """Retry what cannot have a second effect; anything else only if the connection was never made."""
        safe = method in SAFE_METHODS or "Idempotency-Key" in headers
        return urllib3.Retry(
            total=self._retries,
            connect=min(1, self._retries),
            read=self._retries if safe else 0,
            status=self._retries if safe else 0,
            status_forcelist=RETRIED_STATUSES if safe else (),
            allowed_methods=None,
            backoff_factor=0.2,
            backoff_jitter=0.1,
            raise_on_status=False,
            respect_retry_after_header=True,
        )


def _query(query: Mapping[str, Any] | None) -> str:
    """Write the query string of the members that are set."""
    given = {name: str(value) for name, value in (query or {}).items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _problem(response: urllib3.BaseHTTPResponse) -> Problem:
    """Turn a refusal into an exception, also where something between us and the suite answered."""
    try:
        members = json.loads(response.data)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        text = response.data[:200].decode(errors="replace").strip()
        members = {"title": response.reason or "The call was refused", "detail": text}
    return Problem(response.status, {"status": response.status, **members})


def _cause(error: urllib3.exceptions.HTTPError) -> str:
    """Say in a few words why the network failed."""
    reason = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason else error
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "nothing listens there"
    if isinstance(reason, urllib3.exceptions.TimeoutError):
        return "it did not answer in time"
    return type(reason).__name__
