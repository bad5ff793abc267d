"""What decorators of ours add to an endpoint's OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def with_header(endpoint: Callable[P, R], parameter: Mapping[str, Any]) -> Callable[P, R]:
    """Add a header to an endpoint's OpenAPI. `blueprint.doc(parameters=…)` would replace it: stand it below."""
    existing = dict(getattr(endpoint, "_apidoc", {}))
    manual = dict(existing.get("manual_doc", {}))
    manual["parameters"] = [*manual.get("parameters", []), dict(parameter)]
    endpoint._apidoc = {**existing, "manual_doc": manual}  # type: ignore[attr-defined]  # where flask-smorest keeps it
    return endpoint
