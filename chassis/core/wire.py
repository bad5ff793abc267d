"""One HTTP exchange between two of our processes, by libcurl: the lean way for what fits in memory.

A request by urllib3 costs 0.21 ms of CPU, by libcurl 0.08 (most of the rest was parsing headers as e-mail), and a score
makes two of them. It is also one release of the interpreter lock instead of several.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from string import printable
from urllib.parse import quote

import pycurl

CONNECT_SECONDS = 2.0
MOST_IDLE = 64
BODILESS = frozenset({204, 304})
LINE_END = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side said: status, header fields in their order, and the whole body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str, default: str = "") -> str:
        """Return the first field of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)


class NoReply(Exception):
    """The connection broke before a whole reply had come; the request may have been carried out."""


class NoConnection(NoReply):
    """Nobody listens there: the request was not sent."""


class NoReplyInTime(NoReply):
    """The other side was silent for too long; the work may be under way."""


class Wire:
    """Kept-alive connections to one address, shared by all threads. Nothing connects before the first exchange."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        # A handle holds one connection. Taking and giving back are atomic; the last one given back is the warmest.
        self._idle: deque[pycurl.Curl] = deque(maxlen=MOST_IDLE)

    def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        patience: float,
        repeatable: bool,
    ) -> Reply:
        """Send one request and return the reply; raise a `NoReply`.

        libcurl sends a request again when a kept connection turns out to be dead. That is right for what may be
        repeated; anything else goes over a connection of its own. `patience` is in seconds, for the whole exchange.
        HEAD goes without a body: with one, libcurl would wait for the body of its answer.
        """
        body = None if method == "HEAD" else body
        try:
            handle = self._idle.pop()
        except IndexError:
            handle = _handle()
        fields: list[bytes] = []
        content = BytesIO()
        handle.setopt(pycurl.URL, self._base_url + _ascii(target))
        handle.setopt(pycurl.HTTPHEADER, _fields(headers, body))
        handle.setopt(pycurl.FRESH_CONNECT, not repeatable)
        handle.setopt(pycurl.TIMEOUT_MS, int(patience * 1000))
        handle.setopt(pycurl.HEADERFUNCTION, fields.append)
        handle.setopt(pycurl.WRITEDATA, content)
        _set_method(handle, method, body)
        try:
            handle.perform()
        except pycurl.error as error:
            handle.close()
            raise _failure(error.args[0]) from error
        reply = Reply(handle.getinfo(pycurl.RESPONSE_CODE), _parsed(fields), content.getvalue())
        if not (method == "HEAD" or _whole(fields[0], reply)):
            handle.close()
            raise NoReply
        self._idle.append(handle)
        return reply


def _handle() -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.NOSIGNAL, 1)  # signals and threads do not mix
    handle.setopt(pycurl.NOPROXY, "*")  # our own processes are never behind a proxy of the environment
    handle.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_SECONDS * 1000))
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    handle.setopt(pycurl.PATH_AS_IS, 1)
    return handle


def _set_method(handle: pycurl.Curl, method: str, body: bytes | None) -> None:
    if body is None:
        handle.setopt(pycurl.HTTPGET, 1)
        handle.setopt(pycurl.NOBODY, method == "HEAD")
    else:
        handle.setopt(pycurl.NOBODY, 0)
        handle.setopt(pycurl.POST, 1)
        handle.setopt(pycurl.POSTFIELDSIZE, len(body))
        handle.setopt(pycurl.POSTFIELDS, body)
    handle.setopt(pycurl.CUSTOMREQUEST, method)


def _ascii(target: str) -> str:
    """Return path and query with what lies beyond ASCII percent-encoded; what is encoded already stays."""
    return target if target.isascii() else quote(target, safe=printable)


def _fields(headers: Mapping[str, str], body: bytes | None) -> list[bytes]:
    lines = [_field(name, value) for name, value in headers.items()]
    if body is not None:
        lines.append(b"Expect:")  # no waiting for `100 Continue`
        if "Content-Type" not in headers:
            lines.append(b"Content-Type:")  # or libcurl names one of its own
    return lines


def _field(name: str, value: str) -> bytes:
    """Return one field; libcurl checks nothing, and a value with a line end would be two fields."""
    if LINE_END.search(value):
        raise ValueError(f"the header {name} holds a line end")
    return f"{name}: {value}".encode("latin-1")


def _parsed(lines: list[bytes]) -> tuple[tuple[str, str], ...]:
    """Return the fields of the last head: an interim one (1xx) may stand before it."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(b"HTTP/"):
            found.clear()
            continue
        name, colon, value = line.partition(b":")
        if colon:
            found.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    return tuple(found)


def _whole(first: bytes, reply: Reply) -> bool:
    """Tell whether a reply says how long it is. One that was cut off within its head does not, and would look empty.

    Before HTTP/1.1 a reply may end with its connection.
    """
    said = reply.header("Content-Length") or reply.header("Transfer-Encoding")
    return bool(said) or reply.status in BODILESS or not first.startswith(b"HTTP/1.1")


def _failure(code: int) -> NoReply:
    if code in {pycurl.E_COULDNT_CONNECT, pycurl.E_COULDNT_RESOLVE_HOST}:
        return NoConnection()
    return NoReplyInTime() if code == pycurl.E_OPERATION_TIMEDOUT else NoReply()
