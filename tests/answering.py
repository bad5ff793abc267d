"""A suite that answers as a test says, for the command line to talk to over a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

# From method, path and body (None where it is empty) to what is answered: bytes are a page, all else is JSON.
Answer = Callable[[str, str, bytes | None], Any]


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Iterator[None]:
    """Run a suite and point the command line at it, with a key."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers["Content-Length"] or 0)
            value = answer(self.command, self.path, self.rfile.read(length) if length else None)
            status, value = value if isinstance(value, tuple) else (200, value)
            page = isinstance(value, bytes)
            body = value if page else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 (the names are http.server's)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("SMECREDIT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SMECREDIT_API_KEY", "smc_test")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
