"""A proxy before the profile service that stalls, cuts off, or gives half of an answer."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from faults.fault import Alone, Fault, Scene, named
from faults.invariants import Broken

CHUNK = 1 << 16
# Nobody is told to go away: whoever connects waits.
BACKLOG = 512


class Mode(Enum):
    """What the proxy does with answers."""

    PASS = "pass"
    STALL = "stall"
    CUT = "cut"
    HALF = "half"


class Proxy:
    """Listens on a port of its own for connections to `target`; `mode` holds for what comes from now on."""

    def __init__(self, target: int) -> None:
        self.mode = Mode.PASS
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        try:
            upstream = socket.create_connection(("127.0.0.1", self._target), 5)
            upstream.settimeout(None)
        except OSError:
            caller.close()
            return
        threading.Thread(target=self._pump, args=(caller, upstream, False), daemon=True).start()
        self._pump(upstream, caller, True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        """Hand on what comes; answers as the mode says."""
        with suppress(OSError):
            while part := source.recv(CHUNK):
                if answers and self.mode is Mode.CUT:
                    _reset(sink)
                    break
                if answers and self.mode is Mode.HALF:
                    sink.sendall(part[: len(part) // 2])
                    break
                while self.mode is Mode.STALL:
                    time.sleep(0.05)
                sink.sendall(part)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _reset(connection: socket.socket) -> None:
    """Close a connection by RST: what lies in it is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@dataclass
class Upstream(Alone):
    """The profile service answers late, not at all, or in halves, to the gateway and to the other services."""

    proxy: Proxy
    mode: Mode

    @property
    def name(self) -> str:
        """What becomes of the answers."""
        return f"upstream {self.mode.value}"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Set the mode for some seconds; readiness of the gateway names the service."""
        self.proxy.mode = self.mode
        found = named(scene, "gateway", "profile")
        time.sleep(scene.chance.uniform(2, 10))
        return found

    def heal(self, scene: Scene) -> None:
        """Hand on everything again."""
        self.proxy.mode = Mode.PASS


def upstreams(proxy: Proxy) -> list[Fault]:
    """Return what may become of the answers that come through a proxy."""
    return [Upstream(proxy, mode) for mode in (Mode.STALL, Mode.CUT, Mode.HALF)]
