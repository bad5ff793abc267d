"""The requests of an attack: the n-th of a seed is always the same one in the same scene."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attack.stage import INSIDERS, NOBODY, OUTSIDERS, PLACE, Scene
from attack.values import Inside
from documented import document, operations
from knocks import BODIES, QUERIES, body_of
from outside import Sent, put, resolved, spoil

PURPOSES = ("credit-assessment", "credit-monitoring", "financing-match", "model-training", "procurement", "x")
# What would end the scene when somebody does it who may: insiders ask it of what there is not; outsiders of all.
ENDING = (
    "POST /v1/clients/{client}/disable",
    "POST /v1/clients/{client}/keys",
    "DELETE /v1/clients/{client}/keys/{key}",
    "POST /v1/consents/{consent_id}/revoke",
    "POST /v1/imports/{import_id}/withdraw",
    "POST /v1/source-grants/{grant_id}/end",
    "DELETE /v1/webhooks/{endpoint_id}",
)
# What has the whole book made anew, and what keeps a worker busy for long: seldom.
SELDOM = frozenset({"PUT /v1/book/date", "POST /v1/models", "POST /v1/evaluations", "POST /v1/indices"})
SELDOM_SHARE = 0.05
# Of the requests, those that have nothing odd in them, and those of outsiders.
WHOLE, OUTSIDE, UNKNOWN = 0.45, 0.5, 0.04


@dataclass(frozen=True)
class Order:
    """A request, and who sends it."""

    who: str
    sent: Sent
    headers: dict[str, str]

    @property
    def words(self) -> str:
        """All that the request says, for what an answer may repeat."""
        body = (self.sent.body or b"").decode("utf-8", "replace")
        return f"{self.sent.method} {self.sent.target} {self.sent.headers} {body}"


class Orders:
    """The orders of a seed in a scene; those of outsiders alone where `inside` is not set."""

    def __init__(self, scene: Scene, seed: int, *, inside: bool = True) -> None:
        self._scene, self._seed, self._inside = scene, seed, inside

    @cached_property
    def _routes(self) -> Sequence[tuple[str, str, Mapping[str, Any]]]:
        return [(method, path, _whole(path, operation)) for method, path, operation in operations()]

    def of(self, number: int) -> Order:
        """Return the request of a number."""
        choose = random.Random(f"{self._seed} {number}")
        method, path, operation = choose.choice(self._routes)
        while f"{method} {path}" in SELDOM and choose.random() > SELDOM_SHARE:
            method, path, operation = choose.choice(self._routes)
        scopes = tuple({scope for way in operation.get("security", ()) for each in way.values() for scope in each})
        who = self._sender(scopes, choose)
        sent = Sent(method, path, scopes, "nothing")
        self._address(sent, operation, who, choose)
        body = self._body(sent, operation, choose)
        if choose.random() > WHOLE:
            spoil(sent, choose.choice(_ways(operation)), operation, body, choose)
        return Order(who, sent, {**self._scene.town.headers[who], **sent.headers})

    def _sender(self, scopes: Sequence[str], choose: random.Random) -> str:
        inside, outside = self._scene.may(scopes)
        if not self._inside:
            return choose.choice(outside or [*NOBODY, *OUTSIDERS])
        if choose.random() < UNKNOWN:
            return choose.choice([*NOBODY, *INSIDERS, *OUTSIDERS])
        return choose.choice(outside if outside and (not inside or choose.random() < OUTSIDE) else inside)

    def _address(self, sent: Sent, operation: Mapping[str, Any], who: str, choose: random.Random) -> None:
        route, things = f"{sent.method} {sent.path}", self._scene.things
        inside = Inside(choose, self._scene.named)
        for found in PLACE.finditer(sent.path):
            spared = route in ENDING and who in INSIDERS
            known = [] if spared else things.get(sent.path[: found.end()], [])
            sent.places[found[1]] = choose.choice(known) if known and choose.random() < 0.9 else "nobody"
        for each in operation["parameters"]:
            if each["in"] == "query" and (each.get("required") or choose.random() < 0.2):
                value = inside.of(each.get("schema", {}), each["name"])
                put(sent, each, value if isinstance(value, str) else json.dumps(value))
        if route in QUERIES and choose.random() < 0.7:
            asked = QUERIES[route].lstrip("?").format(enterprise=self._scene.town.enterprise)
            sent.query = [pair for pair in sent.query if pair[0] not in asked] + [tuple(asked.split("=", 1))]  # type: ignore[list-item]
        sent.headers["Purpose"] = choose.choice((PURPOSES[0], PURPOSES[0], *PURPOSES))
        sent.headers["Idempotency-Key"] = choose.choice((choose.randbytes(9).hex(), choose.randbytes(9).hex(), "again"))
        if any(each["name"] == "If-Match" for each in operation["parameters"]) and choose.random() < 0.6:
            sent.headers["If-Match"] = choose.choice(("*", '"1"', '"2"'))

    def _body(self, sent: Sent, operation: Mapping[str, Any], choose: random.Random) -> Any:
        """Write a body into the request, and return it where it is JSON."""
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return None
        kind = choose.choice(list(content))
        sent.headers["Content-Type"] = kind
        if kind != "application/json":
            sent.body = FILES.get(kind, b"enterprise\nlocal:E1\n")
            return None
        body, route = self._json(content[kind].get("schema", {}), sent, choose), f"{sent.method} {sent.path}"
        if isinstance(body, dict) and route in BODIES and choose.random() < 0.5:
            known = body_of(route, {}, self._scene.town.places(route))
            body = known if choose.random() < 0.6 or not isinstance(known, dict) else {**body, **known}
        sent.body = json.dumps(body).encode()
        return body

    def _json(self, schema: Mapping[str, Any], sent: Sent, choose: random.Random) -> Any:
        return Inside(choose, self._scene.named).of(schema)


FILES = {
    "application/octet-stream": "企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态\n"
    "local:STRANGER,A1,2019/1/4,A1,100.00,13.00,113.00,有效发票\n".encode(),
    "application/x-www-form-urlencoded": b"grant_type=client_credentials&client_id=bank-demo&client_secret=x",
    "multipart/form-data": b"",
}


def _whole(path: str, operation: Mapping[str, Any]) -> Mapping[str, Any]:
    shared = document()["paths"][path].get("parameters", ())
    return {**operation, "parameters": [resolved(each) for each in (*shared, *operation.get("parameters", ()))]}


def _ways(operation: Mapping[str, Any]) -> list[str]:
    return ["header", "parameter", "parameter", "parameter", *(["body"] * 6 if operation.get("requestBody") else [])]
