"""Real receivers of webhooks: what came to each path, in which order, and what a test does while it comes."""

from __future__ import annotations

import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any


@dataclass(frozen=True, slots=True)
class Got:
    """One message as it came: when, its headers by lower-case name, its body."""

    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def sequence(self) -> int:
        """Return its number, which header and body say alike."""
        number = int(self.headers["webhook-sequence"])
        assert json.loads(self.body)["sequence"] == number
        return number


@dataclass
class Receiver:
    """What a receiver got by path; `during` is done while a message is under way, `status` is what it answers."""

    url: str = ""
    got: dict[str, list[Got]] = field(default_factory=lambda: defaultdict(list))
    during: dict[str, Callable[[], Any]] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)

    def sequences(self, path: str) -> list[int]:
        """Return the numbers of what came to a path, in the order in which it came."""
        return [each.sequence for each in self.got[path]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Give a receiver that listens on this machine."""
    held = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            held.during.get(self.path, lambda: None)()
            headers = {name.lower(): value for name, value in self.headers.items()}
            held.got[self.path].append(Got(time(), headers, body))
            self.send_response(held.status.get(self.path, 204))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silence() -> Iterator[str]:
    """Give the address of a receiver that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
