"""The worst that one client can do with so many connections, as a process of its own: `python … ADDRESS PORT KEY WAY`.

Its requests are plain bytes over plain sockets, so that as many as possible leave for little of the processor. It goes
on until it is ended, and tells how many answers of which status it got.
"""

from __future__ import annotations

import itertools
import selectors
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from uuid import uuid4

CONNECTIONS = 64
# How often those send a byte that send slowly.
DRIP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Way:
    """What a connection sends at its beginning and after each answer, what it lets drip, whether it reads answers."""

    first: Callable[[int], bytes]
    drips: bytes = b""
    reads: bool = True


class Worst:
    """All of the connections; those that are closed on it are opened again."""

    def __init__(self, host: str, port: int, way: Way) -> None:
        self._place, self._way = (host, port), way
        self._numbers = itertools.count()
        self._selector = selectors.DefaultSelector()
        self._open: dict[socket.socket, bytes] = {}
        self.told: Counter[str] = Counter()

    def go_on(self) -> None:
        """Do it for ever."""
        drip = time.monotonic()
        while True:
            while len(self._open) < CONNECTIONS and self._connect():
                pass
            for key, _ in self._selector.select(0.05):
                self._hear(key.fileobj)  # type: ignore[arg-type]
            if self._way.drips and time.monotonic() > drip:
                drip = time.monotonic() + DRIP_SECONDS
                for one in list(self._open):
                    self._send(one, self._way.drips)
            if not self._way.reads:
                for one in list(self._open):
                    self._send(one, self._way.first(next(self._numbers)))

    def _connect(self) -> bool:
        one = socket.socket()
        try:
            one.settimeout(1)
            one.connect(self._place)
            one.setblocking(False)
        except OSError:
            self.told["unconnected"] += 1
            one.close()
            return False
        self._open[one] = b""
        if self._way.reads:
            self._selector.register(one, selectors.EVENT_READ)
        self._send(one, self._way.first(next(self._numbers)))
        return True

    def _send(self, one: socket.socket, data: bytes) -> None:
        try:
            one.send(data)
        except BlockingIOError:
            pass
        except OSError:
            self._close(one)

    def _hear(self, one: socket.socket) -> None:
        try:
            piece = one.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._close(one)
            return
        # An answer begins with its status; bodies are let pass by.
        said = self._open[one] + piece
        if (at := said.find(b"HTTP/1.1 ")) >= 0 and len(said) > at + 12:
            self.told[said[at + 9 : at + 12].decode()] += 1
            self._open[one] = b""
            if not self._way.drips:
                self._send(one, self._way.first(next(self._numbers)))
        else:
            self._open[one] = said[-16:]

    def _close(self, one: socket.socket) -> None:
        if one not in self._open:
            return
        del self._open[one]
        if self._way.reads:
            self._selector.unregister(one)
        self.told["closed"] += 1
        one.close()


def ways(key: str, firms: list[str]) -> dict[str, Way]:
    """Return what is done, by name."""
    who = f"Host: suite\r\nAuthorization: Bearer {key}\r\nPurpose: credit-assessment\r\n"

    def get(path: Callable[[int], str]) -> Callable[[int], bytes]:
        return lambda number: f"GET {path(number)} HTTP/1.1\r\n{who}\r\n".encode()

    def post(path: str, body: Callable[[int], str]) -> Callable[[int], bytes]:
        def whole(number: int) -> bytes:
            said = body(number)
            head = f"POST {path} HTTP/1.1\r\n{who}Idempotency-Key: {uuid4()}\r\nContent-Type: application/json\r\n"
            return f"{head}Content-Length: {len(said)}\r\n\r\n{said}".encode()

        return whole

    half = f"POST /v1/scores HTTP/1.1\r\n{who}Idempotency-Key: a\r\nContent-Type: application/json\r\n"
    listed = ",".join(f'"{firm}"' for firm in firms)
    return {
        "HEAD with a body": Way(
            lambda _: f"HEAD /v1/catalogue HTTP/1.1\r\n{who}Content-Length: 2\r\n\r\n{{}}".encode()
        ),
        "half heads": Way(lambda _: b"GET /v1/book HTTP/1.1\r\nX-A", drips=b"a"),
        "slow bodies": Way(lambda _: f"{half}Content-Length: 100000\r\n\r\n{{".encode(), drips=b" "),
        "slow readers": Way(get(lambda _: "/v1/catalogue"), reads=False),
        "catalogues": Way(get(lambda _: "/v1/catalogue")),
        "portraits": Way(get(lambda number: f"/v1/enterprises/{firms[number % len(firms)]}/portrait")),
        "score batches": Way(post("/v1/score-batches", lambda _: f'{{"enterprises":[{listed}]}}')),
    }


def main(host: str, port: str, key: str, way: str, *firms: str) -> None:
    """Do it until SIGTERM, then tell."""
    worst = Worst(host, int(port), ways(key, list(firms))[way])

    def end(_: int, __: FrameType | None) -> None:
        sys.stdout.write(", ".join(f"{count} × {what}" for what, count in worst.told.most_common()))
        sys.stdout.flush()
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    worst.go_on()


if __name__ == "__main__":
    main(*sys.argv[1:])
