"""Idempotency keys (draft-ietf-httpapi-idempotency-key-header-07): one key, one effect, the same answer again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from flask import Response, current_app, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chassis.data import keys
from chassis.data.database import Database, Runner
from chassis.data.keys import LONGEST_KEY, Claim
from chassis.web.answers import json_answer
from chassis.web.caller import caller
from chassis.web.openapi import with_header

P = ParamSpec("P")
R = TypeVar("R")

PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "A value of your own (a UUID); the same key and body get the same answer and one effect.",
    "schema": {"type": "string", "maxLength": LONGEST_KEY},
}
OPTIONAL = PARAMETER | {"required": False}


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
        return _replayed(session, claim())


def claim() -> Claim:
    """Return this request's claim; a write without a key is refused."""
    return Claim(caller().client, key(), request_fingerprint())


def once(session: Session, effect: Callable[[], Any]) -> Any:
    """Claim this request's key, run `effect` and keep its answer; or give the answer of the one who was first."""
    mine = claim()
    if not keys.claimed(session, mine):
        return _replayed(session, mine)
    answer = effect()
    session.flush()
    keys.keep(session, mine, answer)
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


def _replayed(runner: Runner, mine: Claim) -> Any | None:
    stored = keys.stored(runner, mine)
    return None if stored is None else keys.replay(mine, stored)
