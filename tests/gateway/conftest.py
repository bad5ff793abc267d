"""A gateway on its own database, in front of a real HTTP server that answers with what it was asked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from databases import lay
from flask import Flask
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.context import Context
from gateway.identity.registry import Clients
from gateway.identity.store import Client
from gateway.settings import Settings

CLOSED_PORT = "http://127.0.0.1:9"


@dataclass
class Service:
    """A service that was started for a test: where it is, what it was asked, and what it shall answer."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    break_off: int = 0


class Handler(BaseHTTPRequestHandler):
    """Answers each request with a JSON account of it, or with what the test prepared for the path."""

    protocol_version = "HTTP/1.1"
    service: Service

    def answer(self) -> None:
        """Read the body piece by piece and answer."""
        received, digest = 0, hashlib.sha256()
        for piece in self.pieces():
            received += len(piece)
            digest.update(piece)
        if self.service.break_off:
            self.service.break_off -= 1
            self.close_connection = True
            return
        account = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "received": received,
            "sha256": digest.hexdigest(),
        }
        self.service.asked.append(account)
        status, headers, body = self.service.answers.get(
            self.path.split("?")[0], (200, {"Content-Type": "application/json"}, json.dumps(account).encode())
        )
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def pieces(self) -> Iterator[bytes]:
        """Give the body, by its length or chunk by chunk."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read(min(left, 1 << 16))
            if not piece:
                raise ConnectionError("the sender broke off")
            left -= len(piece)
            yield piece

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 -- names of the standard library

    def handle(self) -> None:
        """Let a connection that breaks off end in silence."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the standard library's name
        """Say nothing."""


@contextlib.contextmanager
def serving() -> Iterator[Service]:
    """Run the server while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {}))
    server.daemon_threads = True
    running = Service(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass.service = running  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield running
    server.shutdown()
    server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    """Return a running HTTP server that stands where the services stand."""
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def lasting_service() -> Iterator[Service]:
    """Return one that all tests of a module share."""
    with serving() as running:
        yield running


@pytest.fixture
def settings(home: Path, service: Service) -> Settings:
    """Return the settings of a gateway whose three services are the one running server."""
    return Settings(
        home=home,
        database_url=f"sqlite:///{home / 'gateway.db'}",
        backends=dict.fromkeys(("profile", "scoring", "matching"), service.url),
        signing_key=home / "signing-key.pem",
    )


@pytest.fixture
def gateway(settings: Settings) -> Callable[..., Flask]:
    """Return a maker of gateways on one migrated database: `gateway(quotas={…})`."""
    lay(settings.database_url, "gateway")

    def make(**changes: Any) -> Flask:
        return create_app(replace(settings, **changes))

    return make


@pytest.fixture
def app(gateway: Callable[..., Flask]) -> Flask:
    """Return a gateway."""
    return gateway()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client of the gateway."""
    return app.test_client()


@pytest.fixture
def context(app: Flask) -> Context:
    """Return the gateway's collaborators."""
    here: Context = app.extensions["context"]
    return here


@pytest.fixture
def clients(context: Context) -> Clients:
    """Return the gateway's register of clients."""
    return context.clients


@pytest.fixture
def key(clients: Clients) -> Callable[..., str]:
    """Return a maker of clients that gives the new client's key: `key("bank-1", "bank")`."""

    def make(client_id: str = "bank-1", role: str = "bank", enterprise: str | None = None) -> str:
        (made,) = clients.add([Client(client_id, role, enterprise)], by_command=True)
        return made.text

    return make


@pytest.fixture
def bearer(key: Callable[..., str]) -> Callable[..., dict[str, str]]:
    """Return a maker of clients that gives the header of a request of theirs."""

    def make(*args: Any, **kwargs: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {key(*args, **kwargs)}"}

    return make
