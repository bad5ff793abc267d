"""Requests that no schema allows, made from the committed OpenAPI: one value is odd, the rest is as it says."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from documented import document, operations

FIRM = "local:E1"
DEEPEST = 7
FORMS = {
    "date": "2020-02-21",
    "date-time": "2020-02-21T08:00:00Z",
    "uri": "https://example.com/",
    "url": "https://example.com/",
}
DIGITS = "9" * 5000
PLACE = re.compile(r"\{(\w+)\}")
# What stands for itself in JSON, whatever the place was meant for. `RAW` ones are put into the text as they are.
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**70, 1.5, 1e308, [], {}, [[]], {"": {}}),
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "云" * 3,
        "١٢",
        "²",
        "１０",
        "\u202e",
        "x" * 70_000,
        DIGITS,
        "-0",
        "1e400",
        "NaN",
        "Infinity",
    ),
    *("0001-01-01", "9999-12-31", "2024-02-30", "0000-00-00", "2024-13-01", "10000-01-01", "-0001-01-01", "2024-1-1"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00"),
    *("https://[x/", "https://[::ffff:127.0.0.1]/", "http://x:99999999/", "local:", ":", "role:operator", "uscc:x"),
    *("../../x", "%00", "%", "'; drop table x; --", "=cmd|'/c calc'!A1", "{{7*7}}", "\x85", "\u2028", "\ufffe"),
)
RAW = (
    *('"\\ud800"', '"\\udc00x"', '{"a\\ud800":1}', "1e400", "-1e400", DIGITS, "1" + "0" * 400, "NaN", "Infinity"),
    *("[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, '"\\u0000"', "{}" * 2, "0x10", "01", "1_0"),
)
BODIES = (
    *(b"", b"null", b"[]", b"1", b'"x"', b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"\x00", b"{}{}"),
    *(
        b'{"a":1,"a":2}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"a=1&b=%00&c=%ff",
        b"%PDF-1.4",
        b"PK\x03\x04" + bytes(90),
    ),
)
TYPES = ("application/json", "text/csv", "application/octet-stream", "application/x-www-form-urlencoded", "x/y", "")
CURSORS = (
    *([2**63], [2**64 - 1], [-(2**63) - 1], ["x\0"], [True], [1], [None], [1.5], [[]], [{}], ["x", "y"], [1, 1]),
    *(["x"], [""], {}, 1, "x", None, ["9" * 5000], ["\ufffe"], ["0001-01-01 x"], ["2024-01-01T00:00:00Z x"]),
)
HEADERS = {
    "Idempotency-Key": ("", " ", "x" * 129, "é", "\x85", "a\tb", DIGITS),
    "Purpose": ("", "x", "é", "credit-assessment, credit-monitoring", DIGITS[:4000]),
    "If-Match": ("*", "x", '"', '"' + DIGITS + '"', 'W/"1"', '"1","2"', '"²"', '"-1"', "é"),
    "If-None-Match": ("*", "x", '"²"', "é", '"' + DIGITS + '"'),
    "Range": ("bytes=0-", "bytes=9-1", "bytes=-" + DIGITS[:400], "x=²"),
    "Accept": ("x", "", "text/csv;q=²", "*/*;q=9e999", "application/json;version=" + DIGITS[:4000]),
    "Accept-Language": ("²", "x-" + "y" * 4000, ";;q="),
    "Content-Disposition": ('attachment; filename="a\x01b"', "é", "x" * 4000),
    "Content-Encoding": ("gzip", "x"),
    "Prefer": ("respond-async, wait=" + DIGITS[:4000], "²"),
    "X-Timeout-Ms": ("0", "-1", DIGITS[:4000], "²"),
    "traceparent": ("00-0-0-0", "²", DIGITS[:4000]),
    "Authorization": ("Bearer", "Bearer \x85", "Basic é", "Bearer " + "a." * 2000, "Bearer smc_²_x"),
    "Cookie": ("smecredit_session=²; =;;", "x" * 4000),
}


@dataclass
class Sent:
    """One request: what the document says of it, and what of it is odd."""

    method: str
    path: str
    scopes: tuple[str, ...]
    odd: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    places: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The path with its query, percent-encoded."""
        pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.query)
        path = PLACE.sub(lambda found: self.places.get(found[1], "x"), self.path)
        return path + (f"?{pairs}" if pairs else "")


def requests(seed: int, each: int) -> Iterator[Sent]:
    """Yield `each` odd requests of every operation; the same ones for a seed."""
    for method, path, operation in operations():
        shared = document()["paths"][path].get("parameters", ())
        for number in range(each):
            whole = {**operation, "parameters": [*shared, *operation.get("parameters", ())]}
            yield _request(method, path, whole, random.Random(f"{seed} {method} {path} {number}"))


def _request(method: str, path: str, operation: Mapping[str, Any], choose: random.Random) -> Sent:
    scopes = tuple(scope for way in operation.get("security", ()) for each in way.values() for scope in each)
    operation = {**operation, "parameters": [resolved(each) for each in operation.get("parameters", ())]}
    sent = Sent(method, path, scopes, "nothing")
    for each in operation.get("parameters", ()):
        put(sent, each, meant(each))
    content = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(content), None)
    body = sample(content[kind].get("schema", {}), choose) if kind == "application/json" else None
    if kind:
        sent.headers["Content-Type"] = kind
        sent.body = json.dumps(body).encode() if body is not None else b"enterprise\nlocal:E1\n"
    ways = ["header", "parameter", "parameter", "parameter", *(["body"] * 6 if kind else ["body"])]
    spoil(sent, choose.choice(ways), operation, body, choose)
    return sent


def resolved(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a parameter is, where the document only refers to it."""
    if "$ref" not in parameter:
        return parameter
    found: Mapping[str, Any] = document()["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[-1]]
    return found


def spoil(sent: Sent, way: str, operation: Mapping[str, Any], body: Any, choose: random.Random) -> None:
    """Replace one thing of a request by an odd one: in its body, a parameter or a header."""
    parameters = [each for each in operation.get("parameters", ()) if each["in"] in {"path", "query"}]
    if way == "body" and body is not None and choose.random() < 0.8:
        sent.odd, sent.body = _odd_body(body, choose)
    elif way == "body":
        sent.odd, sent.body = "the body", choose.choice(BODIES)
        sent.headers["Content-Type"] = choose.choice(TYPES)
    elif way == "parameter" and parameters:
        one = choose.choice(parameters)
        sent.odd = f"{one['in']} {one['name']}"
        put(sent, one, _odd_text(one["name"], choose))
    else:
        name = choose.choice(list(HEADERS))
        sent.odd, sent.headers[name] = f"header {name}", choose.choice(HEADERS[name])


def put(sent: Sent, parameter: Mapping[str, Any], value: str | None) -> None:
    """Write a value into the place of a parameter; None leaves it out."""
    name, place = parameter["name"], parameter["in"]
    if value is None:
        return
    if place == "path":
        sent.places[name] = quote(value, safe=":").replace(".", "%2E") or "%20"
    elif place == "query":
        sent.query = [pair for pair in sent.query if pair[0] != name] + [(name, value)]
    else:
        sent.headers[name] = value


def meant(parameter: Mapping[str, Any]) -> str | None:
    """Return a value that a parameter may have; None for what need not be sent."""
    name, schema = parameter["name"], parameter.get("schema", {})
    if name in {"enterprise", "Purpose", "Idempotency-Key"}:
        return {"enterprise": FIRM, "Purpose": "credit-assessment", "Idempotency-Key": random.randbytes(9).hex()}[name]
    if parameter["in"] != "path" and not parameter.get("required"):
        return None
    if schema.get("enum"):
        return str(schema["enum"][0])
    return "1" if schema.get("type") == "integer" else "x_00000000000000000000000001"


def _odd_text(name: str, choose: random.Random) -> str:
    if name == "cursor" and choose.random() < 0.8:
        return base64.urlsafe_b64encode(json.dumps(choose.choice(CURSORS)).encode()).decode().rstrip("=")
    value = choose.choice(VALUES)
    return (value if isinstance(value, str) else json.dumps(value))[:7000]


def _odd_body(body: Any, choose: random.Random) -> tuple[str, bytes]:
    """Replace one value, wherever it stands, by an odd one."""
    places = list(_places(body, ()))
    place = choose.choice(places) if places else ()
    raw = choose.random() < 0.3
    value = choose.choice(RAW if raw else VALUES)
    text = json.dumps(_with(body, place, "@odd@"))
    return "body " + ".".join(map(str, place)), text.replace('"@odd@"', value if raw else json.dumps(value)).encode()


def _places(value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if place:
        yield place
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places(inner, (*place, number))


def _with(value: Any, place: tuple[str | int, ...], odd: Any) -> Any:
    if not place:
        return odd
    first, rest = place[0], place[1:]
    if isinstance(value, list):
        return [_with(each, rest, odd) if number == first else each for number, each in enumerate(value)]
    return {name: _with(each, rest, odd) if name == first else each for name, each in value.items()}


def sample(schema: Mapping[str, Any], choose: random.Random, depth: int = 0) -> Any:
    """Return a value that a schema allows, as far as its words tell; of what is optional, most."""
    if "$ref" in schema:
        return sample(document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], choose, depth + 1)
    for many in ("allOf", "anyOf", "oneOf"):
        if schema.get(many):
            return sample(schema[many][0], choose, depth + 1)
    if schema.get("enum"):
        return choose.choice(schema["enum"])
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return _object(schema, choose, depth)
    if kind == "array":
        return [sample(schema.get("items", {}), choose, depth + 1)] if depth < DEEPEST else []
    return _plain(str(kind), schema)


def _object(schema: Mapping[str, Any], choose: random.Random, depth: int) -> dict[str, Any]:
    needed = schema.get("required", ())
    return {
        name: FIRM if name in {"enterprise", "seller", "payer"} else sample(inner, choose, depth + 1)
        for name, inner in schema.get("properties", {}).items()
        if not inner.get("readOnly") and (name in needed or (depth < DEEPEST and choose.random() < 0.7))
    }


def _plain(kind: str, schema: Mapping[str, Any]) -> Any:
    if kind in {"integer", "number"}:
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    return FORMS.get(str(schema.get("format")), "x" * max(1, schema.get("minLength", 1)))
