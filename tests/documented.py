"""What the committed OpenAPI document says of routes, for tests whose lists must not be kept by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gateway.door.routes import route_of

METHODS = ("get", "post", "put", "patch", "delete")
ENTERPRISE = "/v1/enterprises/{enterprise}"


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
