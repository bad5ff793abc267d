"""A moment that is asked for lies where a day comes before it and one behind it, in any zone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))


def moments(said: Any) -> Iterator[dict[str, Any]]:
    """Yield each moment within a part of a request, also within the schemas that it refers to."""
    if isinstance(said, list):
        for each in said:
            yield from moments(each)
    elif isinstance(said, dict):
        if said.get("format") == "date-time":
            yield said
        if named := said.get("$ref"):
            yield from moments(DOCUMENT["components"]["schemas"][named.rpartition("/")[2]])
        for each in said.values():
            yield from moments(each)


ASKED = {
    f"{method.upper()} {path}": found
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if isinstance(operation, dict)
    and (found := list(moments([operation.get("parameters"), operation.get("requestBody")])))
}


@pytest.mark.parametrize("operation", ASKED)
def test_every_moment_of_a_request_has_bounds(operation: str) -> None:
    """`0001-01-01T00:00:00+23:59` has no moment in UTC."""
    for each in ASKED[operation]:
        assert {"x-minimum", "x-maximum"} <= set(each)


def test_there_are_such_requests() -> None:
    assert "POST /v1/score-sets" in ASKED
    assert len(ASKED) > 20
