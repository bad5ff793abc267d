"""gunicorn's threaded worker, made to stay with a busy connection and to leave when it is told to."""

from __future__ import annotations

import select
import threading
import time
from types import FrameType
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import ThreadWorker

STAY_MILLISECONDS = 2
# How long a connection that is only kept open outlives SIGTERM: longer than a request is on its way to us.
LINGER_SECONDS = 0.5
# How long a thread stays where another one is free for whoever else comes.
STAY_LONG_MILLISECONDS = 100


class WholeResponse(wsgi.Response):  # type: ignore[misc]  # ships no types
    """Holds its headers until there is something to send with them."""

    headers_sent: bool
    _held = b""

    def send_headers(self) -> None:
        """Make the headers ready; they leave with the first piece of the body, or at the end."""
        if not self.headers_sent:
            lines = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            self._held = "".join(lines).encode("latin-1")
            self.headers_sent = True

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            self._release()
            super()._emit_body(data)
        else:
            held, self._held = self._held, b""
            util.write(self.sock, held + data)

    def sendfile(self, respiter: Any) -> bool:
        """Send a file by the kernel, after the headers."""
        self.send_headers()
        self._release()
        return bool(super().sendfile(respiter))

    def close(self) -> None:
        """End the answer; one without a body is its headers."""
        self.send_headers()
        self._release()
        super().close()

    def _release(self) -> None:
        held, self._held = self._held, b""
        if held:
            util.write(self.sock, held)


class Worker(ThreadWorker):  # type: ignore[misc]  # ships no types
    """Differs from gunicorn's in four ways.

    A thread looks for the next request on its connection before it hands the connection back to the main thread: the
    way there and back costs 0.1 ms of 0.28, and callers that keep a connection busy are the rule between services.
    It stays long where at least half of the threads are left for other connections, else for a moment.

    Headers and the first piece of a body leave in one call: each call into the kernel lets go of the interpreter's
    lock, and getting it back among busy threads is much of what an answer costs (two to eight more scores a hundred).

    Settings are read from a dict: gunicorn looks each one up through two calls, some forty times a request.

    Idle connections are closed soon after SIGTERM; requests under way still have the graceful timeout to end. gunicorn
    would wait the whole of it for connections that are only kept open, and every service here holds some to the others.
    They linger for a moment, as the other side may be sending on one: it is answered, and told not to come back.
    """

    def init_process(self) -> None:
        """Begin to serve, after the fork."""
        self._seats = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        wsgi.Response = WholeResponse
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Answer the requests of a connection as long as they follow one another closely."""
        while True:
            result = super().handle(conn)
            if result is not True or not self.alive or not self._follows(conn.sock):
                return result

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Tell whether the connection can be used again; a body that was read to its end needs no draining."""
        return keepalive and (_read_whole(conn.parser.mesg.body) or bool(super()._keepalive_after(conn, keepalive)))

    def _follows(self, sock: Any) -> bool:
        """Tell whether more comes soon (or the other side has closed, which reading then finds)."""
        if not self._seats.acquire(blocking=False):
            return _readable(sock, STAY_MILLISECONDS)
        try:
            return _readable(sock, STAY_LONG_MILLISECONDS)
        finally:
            self._seats.release()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        if self.alive:
            self.method_queue.defer(self._close_idle)
        super().handle_exit(sig, frame)

    def _close_idle(self) -> None:
        soon = time.monotonic() + LINGER_SECONDS
        for connection in (*self.keepalived_conns, *self.pending_conns):
            connection.timeout = min(connection.timeout, soon)


def _read_whole(body: Any) -> bool:
    """Tell whether a body of announced length has been read; gunicorn would set and unset a time limit to find out."""
    return isinstance(body.reader, LengthReader) and body.reader.length == 0 and not body.failed


def _readable(sock: Any, milliseconds: int) -> bool:
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(milliseconds))
