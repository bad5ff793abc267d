"""Idempotency keys (draft-ietf-httpapi-idempotency-key-header-07): one key, one effect, the same answer again.

The key's row is claimed first and in the same transaction as the data: a second request with the key waits for the
first one's commit and then replays its answer. (Data first gave 409 where a replay was due.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from flask import Response, after_this_request, current_app, request
from sqlalchemy import Column, MetaData, String, Table, bindparam, select, text, update
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chassis.database import Database, Json, Runner, Utc
from chassis.errors import Invalid
from chassis.identity import caller
from chassis.openapi import with_header
from chassis.web import json_answer

P = ParamSpec("P")
R = TypeVar("R")

TABLE = Table(
    "idempotency_keys",
    MetaData(),
    Column("client", String(128), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", Json),
    Column("created_at", Utc, nullable=False),
)
CLAIM = text(
    "INSERT INTO idempotency_keys (client, key, fingerprint, created_at) VALUES (:client, :key, :fingerprint, :at) "
    "ON CONFLICT DO NOTHING"
).bindparams()
KEEP = text(
    "INSERT INTO idempotency_keys (client, key, fingerprint, answer, created_at) "
    "VALUES (:client, :key, :fingerprint, :answer, :created_at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("answer", type_=Json), bindparam("created_at", type_=Utc))
STORED = select(TABLE.c.fingerprint, TABLE.c.answer).where(
    TABLE.c.client == bindparam("client"), TABLE.c.key == bindparam("key")
)
STORED_AMONG = select(TABLE.c.key, TABLE.c.fingerprint, TABLE.c.answer).where(
    TABLE.c.client == bindparam("client"), TABLE.c.key.in_(bindparam("keys", expanding=True))
)
LONGEST_KEY = 128
PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "A value of your own (a UUID); the same key and body get the same answer and one effect.",
    "schema": {"type": "string", "maxLength": LONGEST_KEY},
}
OPTIONAL = PARAMETER | {"required": False}


def declare(metadata: MetaData) -> Table:
    """Make the table of keys one of the service's own tables."""
    return TABLE.to_metadata(metadata)


def idempotent(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Run an endpoint in one transaction with its key; it gets the open session first.

    What it returns must be JSON (a dict): that is what a replay answers. Stand it innermost, below `arguments`.
    """

    @wraps(endpoint)
    def once_only(*args: P.args, **kwargs: P.kwargs) -> R:
        database: Database = current_app.extensions["database"]
        with database.begin() as session:
            return cast("R", once(session, lambda: endpoint(session, *args, **kwargs)))

    return documented(once_only)


def repeatable(endpoint: Callable[Concatenate[Session, P], Any]) -> Callable[P, Response]:
    """Run an endpoint in one transaction, with its key where the caller sends one; what it returns is answered as JSON.

    For what changes nothing when it is repeated anyway: a key gets the first answer again, whatever came since.
    """

    @wraps(endpoint)
    def once_if_keyed(*args: P.args, **kwargs: P.kwargs) -> Response:
        database: Database = current_app.extensions["database"]
        with database.begin() as session:
            if "Idempotency-Key" not in request.headers:
                return json_answer(endpoint(session, *args, **kwargs))
            return json_answer(once(session, lambda: endpoint(session, *args, **kwargs)))

    return with_header(once_if_keyed, OPTIONAL)


def documented(endpoint: Callable[P, R]) -> Callable[P, R]:
    """Add the header to an endpoint's OpenAPI."""
    return with_header(endpoint, PARAMETER)


def replayed() -> Any | None:
    """Return the answer that this request's key already has, None where it is new."""
    database: Database = current_app.extensions["database"]
    with database.read() as session:
        return _stored(session, request_fingerprint())


@dataclass(frozen=True, slots=True)
class Claim:
    """A request by what makes it the same again; taken down in it, used beside it where requests share a turn."""

    client: str
    key: str
    fingerprint: str


def claim() -> Claim:
    """Return this request's claim; a write without a key is refused."""
    return Claim(caller().client, key(), request_fingerprint())


def stored_among(runner: Runner, client: str, keys: Iterable[str]) -> dict[str, tuple[str, Any]]:
    """Return fingerprint and answer of those of a client's keys that have one."""
    rows = runner.execute(STORED_AMONG, {"client": client, "keys": list(keys)})
    return {row.key: (row.fingerprint, row.answer) for row in rows}


def keep_each(runner: Runner, answers: Mapping[Claim, Any]) -> bool:
    """Claim several requests' keys for answers that are known beforehand; tell whether none was claimed before.

    Where one was, `stored_among` tells which and its answer.

    One statement for all where `once` needs two for each: for what is worked out before the transaction.
    """
    now = datetime.now(UTC)
    rows = [
        {"client": one.client, "key": one.key, "fingerprint": one.fingerprint, "answer": answer, "created_at": now}
        # In one order everywhere, so that two processes with the same keys never wait for each other.
        for one, answer in sorted(answers.items(), key=lambda pair: pair[0].key)
    ]
    return bool(runner.execute(KEEP, rows).rowcount == len(rows))  # type: ignore[attr-defined]


def replay(claimed: Claim, stored: tuple[str, Any]) -> Any:
    """Return a stored answer to the same request; raise `Invalid` where the key was another request's."""
    fingerprint, answer = stored
    if fingerprint != claimed.fingerprint:
        raise Invalid("This Idempotency-Key was used with another request; use a new key for a new request.")

    @after_this_request
    def tell(response: Any) -> Any:
        response.headers["Idempotency-Replayed"] = "true"
        return response

    return answer


def once(session: Session, effect: Callable[[], Any]) -> Any:
    """Claim this request's key, run `effect` and keep its answer; or give the answer of the one who was first."""
    fingerprint = request_fingerprint()
    now = datetime.now(UTC)
    at = now.replace(tzinfo=None) if session.get_bind().dialect.name == "sqlite" else now
    claim = {"client": caller().client, "key": key(), "fingerprint": fingerprint, "at": at}
    if session.execute(CLAIM, claim).rowcount == 0:  # type: ignore[attr-defined]
        return _stored(session, fingerprint)
    answer = effect()
    session.flush()
    session.execute(update(TABLE).where(*_mine()).values(answer=answer))
    return answer


def key() -> str:
    """Return this request's key; a write without one is refused."""
    given = request.headers.get("Idempotency-Key", "").strip()
    if not given or len(given) > LONGEST_KEY:
        raise BadRequest(f"Send an Idempotency-Key header of 1 to {LONGEST_KEY} characters (a UUID is fine).")
    return given


def request_fingerprint() -> str:
    """Return what makes two requests the same: method, path with query, body."""
    head = f"{request.method} {request.full_path}\n".encode()
    return hashlib.sha256(head + request.get_data(cache=True)).hexdigest()


def _mine() -> tuple[Any, Any]:
    return TABLE.c.client == caller().client, TABLE.c.key == key()


def _stored(runner: Runner, fingerprint: str) -> Any | None:
    row = runner.execute(STORED, {"client": caller().client, "key": key()}).one_or_none()
    return None if row is None else replay(Claim(caller().client, key(), fingerprint), (row.fingerprint, row.answer))
