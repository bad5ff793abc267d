"""What the committed OpenAPI document says of routes, for tests whose lists must not be kept by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gateway.door.routes import route_of

METHODS = ("get", "post", "put", "patch", "delete")
ENTERPRISE = "/v1/enterprises/{enterprise}"
# What has a property of one of these names speaks of an enterprise, unless it only counts them.
NAMES = {"enterprise", "enterprises", "seller", "payer", "size_class"}
COMBINED = ("allOf", "anyOf", "oneOf")


@cache
def document() -> dict[str, Any]:
    """Return the committed OpenAPI document."""
    found: dict[str, Any] = json.loads((Path(__file__).parents[1] / "docs" / "openapi.json").read_bytes())
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation: its method, its path, and what the document says of it."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def parameters(operation: dict[str, Any]) -> set[str]:
    """Return the names of an operation's parameters."""
    return {each["name"] for each in operation.get("parameters", ()) if "name" in each}


def file_reads(*also: str) -> list[str]:
    """Return the reads of one enterprise's file in profile, with these parameters too: the paths after its id."""
    return [
        path.removeprefix(ENTERPRISE)
        for method, path, operation in operations()
        if method == "GET" and path.startswith(ENTERPRISE) and {"Purpose", *also} <= parameters(operation)
        if (route := route_of(path)) is not None and route.service == "profile"
    ]


def purpose_of(path: str) -> str:
    """Return a purpose that opens a read of a file."""
    return "procurement" if path.startswith("/supplier-record") else "credit-assessment"


def moment_of(path: str) -> dict[str, str]:
    """Return as of which day a read of a file is asked: the book's, unless it ends before there was such a thing."""
    return {"as_of": "2019-12-31"} if path == "/class" else {}


def figure_of(path: str) -> dict[str, str]:
    """Return the figure that a read of a file is asked about, where it is about one."""
    return {"feature": "sales_36m"} if path == "/evidence" else {}


def why(operation: Mapping[str, Any]) -> str | None:
    """Return why an operation speaks of an enterprise without opening its file, if it does."""
    return operation.get("x-shows")


def tells(path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Tell whether an operation's answer tells something of an enterprise, or may.

    It does by its path, by asking what the reader's purpose is, by what is in its answer, and as a part of a thing
    that does. An answer that the document leaves open may tell anything.
    """
    things = [path[: at + 1] for at, sign in enumerate(path) if sign == "}" and path[: at + 1] != path]
    return (
        "{enterprise}" in path
        or "Purpose" in parameters(operation)
        or any(_answer_speaks(answer, document) for answer in _answers(operation))
        or any(tells(thing, document["paths"].get(thing, {}).get("get", {}), document) for thing in things)
    )


def _answers(operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = operation.get("responses", {})
    return [answer for status, answer in found.items() if status.startswith("2") and status != "204"]


def _answer_speaks(answer: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    content = answer.get("content", {})
    return content.keys() != {"application/json"} or speaks(content["application/json"].get("schema", {}), document)


def speaks(schema: Mapping[str, Any], document: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> bool:
    """Tell whether a schema names an enterprise, or leaves open what it holds."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        return name not in seen and speaks(document["components"]["schemas"][name], document, seen | {name})
    named = schema.get("properties", {})
    parts = [*named.values(), *(part for key in COMBINED for part in schema.get(key, ()))]
    parts += [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    said = schema.keys() & {"type", "enum", "const", *COMBINED}
    is_open = not said or ("object" in schema.get("type", ()) and not parts)
    names = any(name in NAMES and "integer" not in part.get("type", ()) for name, part in named.items())
    return is_open or names or any(speaks(part, document, seen) for part in parts)
