"""The postman lives on whatever becomes of a message, and no receiver holds up another's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import InternalError

from chassis.core.identity import Caller
from services.matching.context import Context
from services.matching.tables import WebhookDelivery
from services.matching.usecases import deliver, notify
from services.matching.usecases.deliver import AT_ONCE, Postman

Tokens = Callable[..., dict[str, str]]


@pytest.fixture
def receiver() -> Iterator[Any]:
    """Return a real receiver; what a test does while a message is under way it hangs in `during`, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            server.during.get(self.path, lambda: None)()  # type: ignore[attr-defined]
            server.got.append(self.path)  # type: ignore[attr-defined]
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.got, server.during = [], {}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def postman(here: Context) -> Postman:
    return Postman(here.database, private=True)


def test_a_database_that_takes_no_writes_ends_no_postman(postman: Postman, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's standby: it looks again after a while."""
    monkeypatch.setattr(deliver, "POLL_SECONDS", 0)

    def refused(*_: object) -> None:
        raise InternalError("SELECT", {}, psycopg.errors.ReadOnlySqlTransaction("read-only"))

    monkeypatch.setattr(postman, "_take", refused)
    with ThreadPoolExecutor(1) as senders:
        postman._round(senders, {})


def wants(here: Context, client: str, receiver: Any, path: str) -> str:
    with here.database.begin() as session:
        url = f"http://127.0.0.1:{receiver.server_port}{path}"
        return notify.register(session, Caller(client, "bank", frozenset()), url, private=True).id


def tell(here: Context, client: str) -> None:
    with here.database.begin() as session:
        notify.enqueue(session, "application.submit", {}, clients=[client])


def test_an_endpoint_deleted_under_way_ends_nothing(
    client: FlaskClient, tokens: Tokens, here: Context, receiver: Any, postman: Postman
) -> None:
    """One client's DELETE while its message is being sent; the next client's is delivered all the same."""
    hook = wants(here, "bank-2", receiver, "/slow")
    wants(here, "bank-1", receiver, "/ok")
    owner = tokens(role="bank", client="bank-2", scopes="webhooks:write")
    deleted: list[int] = []
    receiver.during["/slow"] = lambda: deleted.append(client.delete(f"/v1/webhooks/{hook}", headers=owner).status_code)
    tell(here, "bank-2")
    assert postman.deliver_due() == 1
    assert deleted == [204]
    tell(here, "bank-1")
    assert postman.deliver_due() == 1
    assert receiver.got == ["/slow", "/ok"]


def test_a_message_deleted_after_it_was_taken_is_not_sent(here: Context, receiver: Any, postman: Postman) -> None:
    """Its place in the round is empty, and the round goes on."""
    wants(here, "bank-1", receiver, "/ok")
    tell(here, "bank-1")
    taken = postman._take((), AT_ONCE)
    with here.database.begin() as session:
        session.delete(session.scalars(select(WebhookDelivery)).one())
    for message in taken:
        postman._deliver(message)
    assert (len(taken), receiver.got) == (1, [])


def test_a_slow_receiver_delays_nobody(here: Context, receiver: Any, postman: Postman) -> None:
    """While one holds its message, all of the other's arrive, in their order; the slow one's next waits its turn."""
    wants(here, "bank-2", receiver, "/slow")
    wants(here, "bank-1", receiver, "/ok")
    released = threading.Event()
    receiver.during["/slow"] = lambda: released.wait(20) and None
    for _ in range(3):
        tell(here, "bank-2")
        tell(here, "bank-1")
    under_way: dict[Any, Any] = {}
    with ThreadPoolExecutor(AT_ONCE) as senders:
        for _ in range(40):
            postman._round(senders, under_way)
            if receiver.got.count("/ok") == 3:
                break
        held = list(receiver.got)
        released.set()
        for _ in range(40):
            postman._round(senders, under_way)
            if receiver.got.count("/slow") == 3:
                break
    assert (held, sorted(receiver.got)) == (["/ok"] * 3, ["/ok"] * 3 + ["/slow"] * 3)


def test_a_message_that_cannot_be_sent_waits_longer_each_time(here: Context, receiver: Any, postman: Postman) -> None:
    """A fault of ours is an attempt like any other: it is not tried in every round for ever."""
    hook = wants(here, "bank-1", receiver, "/ok")
    with here.database.begin() as session:
        session.get_one(notify.WebhookEndpoint, hook).secret = "whsec_x"
    tell(here, "bank-1")
    assert (postman.deliver_due(), postman.deliver_due()) == (1, 0)
    with here.database.read() as session:
        row = session.scalars(select(WebhookDelivery)).one()
    assert (row.state, row.attempts, row.last_error) == ("pending", 1, "it could not be sent")
    assert row.due_at > datetime.now(UTC)
