"""gunicorn's threaded worker, made to stay with a busy connection and to leave when it is told to."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import threading
import time
from collections import deque
from functools import partial
from types import FrameType
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import TConn, ThreadWorker

from chassis.web.pace import GRACE_SECONDS, OUTERMOST, SERVICE_STAND_SECONDS, Paced

STAY_MILLISECONDS = 2
# Names the port of those who watch: of the addresses that are bound, the one which tells metrics.
METRICS_PORT = "METRICS_PORT"
# How long a connection that is only kept open outlives SIGTERM: longer than a request is on its way to us.
LINGER_SECONDS = 0.5
# How long a thread stays where another one is free for whoever else comes.
STAY_LONG_MILLISECONDS = 100
# How long a connection may take to send its first whole head; it holds no thread meanwhile.
FIRST_HEAD_SECONDS = 10.0
# What of a body nobody read is waited for, before the connection is closed instead.
DRAIN_SECONDS = 0.05
# How long, and for how much, a connection that we close stays for what its other side still sends (RFC 9112, 9.6).
LEAVE_SECONDS, LEAVE_BYTES = 2.0, 1 << 20
# As few as these stay for so much more: who sends a large file and is refused learns why.
FEW_LEAVING, LEAVE_FEW_BYTES = 8, 32 << 20
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


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
    """Differs from gunicorn's in five ways.

    No connection holds a thread, or the main one, for nothing: a head is waited for by the poller until it is whole,
    bodies and answers move at a decent pace (`chassis.web.pace`), and what is closed is drained by the poller.
    gunicorn would wait five seconds in a thread for a new connection's first byte, without end for the rest of its
    head, five more for the end of a body that was refused, and two in the main thread for the other side to close.

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

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Look at the settings before anything is served; raise `RuntimeError`, which gunicorn shows and ends by."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            raise RuntimeError(
                "certfile and keyfile cannot be used: heads of requests are looked at before a thread takes them, and "
                "so they must not be encrypted here. Have a proxy in front end TLS (docs/operations.md)."
            )

    def load_wsgi(self) -> None:
        """Load the application; one that others stand in front of may stand still for longer than its callers do."""
        super().load_wsgi()
        outermost = getattr(self.wsgi, "config", {}).get(OUTERMOST, True)
        self._stand = None if outermost else SERVICE_STAND_SECONDS
        self._watched_port = int(os.environ.get(METRICS_PORT) or 0)

    def init_process(self) -> None:
        """Begin to serve, after the fork."""
        self._seats = threading.BoundedSemaphore(max(1, self.cfg.threads // 2))
        self._leaving: deque[Any] = deque()
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        wsgi.Response = WholeResponse
        super().init_process()

    def accept(self, listener: Any) -> None:
        """Take a connection in; the poller waits for its first head."""
        try:
            sock, address = listener.accept()
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK}:
                return
            raise
        self.nr_conns += 1
        name = listener.getsockname()
        conn = TConn(self.cfg, Paced(sock, self._stand), address, name)
        conn.sock.watched = isinstance(name, tuple) and name[1] == self._watched_port
        conn.timeout = time.monotonic() + FIRST_HEAD_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Give a kept connection to a thread where its next head is whole."""
        if client.ready():
            client.begin(GRACE_SECONDS)
            super().on_client_socket_readable(conn, client)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Give a new connection to a thread where its first head is whole."""
        if client.ready():
            client.begin(GRACE_SECONDS)
            super().on_pending_socket_readable(conn, client)

    def handle(self, conn: Any) -> Any:
        """Answer the requests of a connection as long as they follow one another closely."""
        if conn.sock.oversized:
            conn.sock.sendall(TOO_LARGE)
            return False
        while True:
            result = super().handle(conn)
            if result is not True:
                return result
            # What came with the request may be less than the next head: nobody waits in a thread for the rest.
            conn.sock.take_back(conn.parser.unreader.take_buffered())
            if not self.alive or conn.sock.worn or not self._follows(conn.sock):
                return result

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Tell whether the connection can be used again: a body that is not here whole by now is not waited for."""
        if not keepalive or conn.sock.late:
            return False
        soon = time.monotonic() + DRAIN_SECONDS
        return _read_whole(conn.parser.mesg.body) or bool(conn.parser.finish_body(deadline=soon))

    def _follows(self, sock: Any) -> bool:
        """Tell whether more comes soon (or the other side has closed, which reading then finds)."""
        if not self._seats.acquire(blocking=False):
            return bool(sock.follows(STAY_MILLISECONDS))
        try:
            return bool(sock.follows(STAY_LONG_MILLISECONDS))
        finally:
            self._seats.release()

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep a connection, or let it leave; one whose next head is here already stands in line again."""
        if not fs.cancelled() and fs.exception() is None and fs.result():
            if conn.sock.holds_head():
                self.enqueue_req(conn)
                return
            super().finish_request(conn, fs)
        else:
            self._let_leave(conn)

    def _let_leave(self, conn: Any) -> None:
        """Say that nothing more comes, and read for a while what is still sent: else the answer could be lost."""
        conn.sock.late = False  # else it would read nothing more, and closing would reset the connection
        conn.sock.begin(LEAVE_SECONDS)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            conn.timeout, conn.drained = time.monotonic() + LEAVE_SECONDS, 0
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):
            self.nr_conns -= 1
            conn.close()
            return
        self._leaving.append(conn)

    def _drain(self, conn: Any, client: Any) -> None:
        try:
            conn.drained += (read := len(client.recv(1 << 16)))
        except BlockingIOError:
            return
        except OSError:
            read = 0
        most = LEAVE_FEW_BYTES if len(self._leaving) <= FEW_LEAVING else LEAVE_BYTES
        if not read or conn.drained > most:
            self._leaving.remove(conn)
            self._gone(conn)

    def _gone(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        """Close connections that never sent a head, and those that have had their time to leave."""
        super().murder_pending()
        now = time.monotonic()
        while self._leaving and self._leaving[0].timeout <= now:
            self._gone(self._leaving.popleft())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        if self.alive:
            self.method_queue.defer(self._close_idle)
        super().handle_exit(sig, frame)

    def _close_idle(self) -> None:
        soon = time.monotonic() + LINGER_SECONDS
        for connection in (*self.keepalived_conns, *self.pending_conns, *self._leaving):
            connection.timeout = min(connection.timeout, soon)


def _read_whole(body: Any) -> bool:
    """Tell whether a body of announced length has been read; gunicorn would set and unset a time limit to find out."""
    return isinstance(body.reader, LengthReader) and body.reader.length == 0 and not body.failed
