"""A connection's socket that holds a thread only as long as its other side sends and takes at a decent pace.

What counts is the time that a thread waits for the other side, not that of the work between: after a grace it may be
no more than the bytes that came and went need at the slowest pace, and no single wait is longer than the grace (than
`stand` where that is given: a service waits for callers of ours, who wait for others). The count begins when the poller
hands the connection over and goes on for all requests that a thread answers then. A lone wait ends by the kernel's own
limits, so a call that need not wait is one call as before.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import Any

# Under this name an application is configured to be the one that callers meet first, or one behind it.
OUTERMOST = "OUTERMOST"
GRACE_SECONDS, BYTES_PER_SECOND = 10.0, 16 * 1024
# The longest single wait of a service: its callers are ours, and bounded themselves.
SERVICE_STAND_SECONDS = 60.0
# The longest head: a request line and what a client, its proxies and its traces say beside it.
HEAD_BYTES = 32 * 1024
HEAD_END = b"\r\n\r\n"
# How often a thread that waits looks at the pace.
LOOK_MILLISECONDS = 500
GLANCE_BYTES = 4096


class Paced:
    """A socket whose `recv` ends (as if the other side had) and whose `sendall` breaks off where it is too slow."""

    def __init__(self, sock: socket.socket, stand: float | None = None) -> None:
        self._sock = sock
        self._stand = stand
        self._seen, self._held = 0, b""
        self.late = self.oversized = False
        # Whether it came by the port of those who watch (`chassis.web.health`).
        self.watched = False
        self.begin(GRACE_SECONDS)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, _time(LOOK_MILLISECONDS))

    def __getattr__(self, name: str) -> Any:
        """Be the socket in everything else."""
        return getattr(self._sock, name)

    def fileno(self) -> int:
        """Return the descriptor that a poller waits on."""
        return self._sock.fileno()

    def begin(self, grace: float) -> None:
        """Count anew, with so many seconds of grace."""
        self._grace, self._waited, self._stood, self._moved = grace, 0.0, 0.0, 0

    @property
    def worn(self) -> bool:
        """Whether half of the grace has been waited: other connections come first, and the count begins anew."""
        return self._waited > self._grace / 2

    def take_back(self, data: bytes) -> None:
        """Hold what was read beyond a request: it belongs to the next, and is read again before anything else."""
        self._held = data + self._held

    def holds_head(self) -> bool:
        """Tell whether what was taken back holds a whole head, for which no poller would wake."""
        return _whole(self._held)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what has come; nothing where it comes too slowly, and from then on."""
        if self._held:
            piece, self._held = self._held[:size], self._held[size:]
            return piece
        while not self.late:
            start = time.perf_counter()
            try:
                piece = self._sock.recv(size, flags)
            except BlockingIOError:
                if self._sock.gettimeout() is not None:
                    raise
                self.late = self._behind(start, 0)
            else:
                self.late = self._behind(start, len(piece))
                return piece
        return b""

    def sendall(self, data: bytes) -> None:
        """Send everything; raise `BrokenPipeError` where it is taken too slowly."""
        left = memoryview(data)
        while left:
            start, sent = time.perf_counter(), 0
            try:
                sent = self._sock.send(left)
            except BlockingIOError:
                if self._sock.gettimeout() is not None:
                    raise
            if self._behind(start, sent) and sent < len(left):
                self.late = True
                raise BrokenPipeError(errno.EPIPE, "the answer is taken too slowly")
            left = left[sent:]

    def follows(self, milliseconds: int) -> bool:
        """Tell whether a whole head comes within this time, or the other side's end, which reading then finds."""
        if self.holds_head():
            return True
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _time(milliseconds))
        try:
            head = self._sock.recv(GLANCE_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _time(LOOK_MILLISECONDS))
        return not head or _whole(self._held + head)

    def ready(self) -> bool:
        """Tell, without waiting, whether a thread can read the next head; else the poller wakes when more has come."""
        try:
            head = self._sock.recv(HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True  # reading finds what is wrong
        whole = _whole(self._held + head)
        self.oversized = len(self._held) + len(head) >= HEAD_BYTES and not whole
        # No more than before though the poller woke: the other side has closed.
        ready = self.oversized or len(head) <= self._seen or not head or whole
        if self._seen or not ready:
            self._seen = 0 if ready else len(head)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, self._seen + 1)
        return ready

    def _behind(self, start: float, moved: int) -> bool:
        waited = time.perf_counter() - start
        self._waited += waited
        self._stood = 0.0 if moved else self._stood + waited
        self._moved += moved
        stand = self._grace if self._stand is None else max(self._stand, self._grace)
        return self._stood > stand or self._waited > self._grace + self._moved / BYTES_PER_SECOND


def _whole(head: bytes) -> bool:
    """Tell whether a head has its end; blank lines may stand before it."""
    return HEAD_END in head.lstrip(b"\r\n")


def _time(milliseconds: int) -> bytes:
    return struct.pack("ll", milliseconds // 1000, milliseconds % 1000 * 1000)
