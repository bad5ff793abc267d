"""Routes that every service answers for itself, joined to one answer: jobs, and how long what is kept.

A list is asked of all of them and put together; where one does not answer, the others' is told, and which is missing.
An act on one thing goes from service to service until one knows the thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from chassis.core.errors import UpstreamUnavailable
from chassis.core.wire import Reply
from chassis.web import paging
from gateway.door.backends import Backend
from gateway.door.routes import Route

JSON = (("Content-Type", "application/json"),)
# What the gateway itself adds to a list, by its path.
Own = Mapping[str, Callable[[], dict[str, Any]]]


def answer(
    backends: Mapping[str, Backend], own: Own, route: Route, method: str, target: str, headers: Mapping[str, str]
) -> Reply:
    """Return what all services say together to a request without a body."""
    ask = _each(backends, route, method, target, headers)
    if method not in {"GET", "HEAD"}:
        return _first_that_knows(ask)
    said, unanswered = list[dict[str, Any]](), list[str]()
    for name, asked in ask.items():
        try:
            reply = asked()
        except UpstreamUnavailable:
            unanswered.append(name)
            continue
        if reply.status != HTTPStatus.OK:
            return reply  # the request itself is refused, and by each alike
        said.append(orjson.loads(reply.body))
    if not said:
        raise UpstreamUnavailable("No service answers just now. Operator: GET /readyz names what is missing.")
    path = urlsplit(target).path
    said += [own[path]()] if path in own else []
    return Reply(HTTPStatus.OK, JSON, orjson.dumps({**_together(said, target), "unanswered": unanswered}))


def _each(
    backends: Mapping[str, Backend], route: Route, method: str, target: str, headers: Mapping[str, str]
) -> dict[str, Callable[[], Reply]]:
    def asking(backend: Backend) -> Callable[[], Reply]:
        repeatable = method in {"GET", "HEAD"}
        return lambda: backend.exchange(method, target, headers=headers, patience=route.patience, repeatable=repeatable)

    # The one that documents the route speaks first.
    names = sorted(backends, key=lambda name: (name != route.service, name))
    return {name: asking(backends[name]) for name in names}


def _first_that_knows(ask: Mapping[str, Callable[[], Reply]]) -> Reply:
    for asked in ask.values():
        reply = asked()
        if reply.status != HTTPStatus.NOT_FOUND:
            return reply
    return reply


def _together(said: list[dict[str, Any]], target: str) -> dict[str, Any]:
    items = [item for each in said for item in each["items"]]
    if "next" not in said[0]:
        stays = [each for one in said for each in one["stays"]]
        return {**said[0], "items": items, "stays": stays}
    most = int(parse_qs(urlsplit(target).query).get("limit", [str(paging.DEFAULT_LIMIT)])[0])
    items.sort(key=lambda item: (item["created_at"], item["id"]), reverse=True)
    more = len(items) > most or any(each["next"] for each in said)
    last = f"{items[most - 1]['created_at']} {items[most - 1]['id']}" if more else None
    return {"items": items[:most], "next": paging.following(last)}
