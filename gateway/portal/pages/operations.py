"""The operator's and the data source's overview: the book, the imports, the models."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from chassis.core.errors import UpstreamUnavailable
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, page, visitor

SHOWN = 10


def overview() -> ResponseReturnValue:
    """Show what is in the suite; a part that does not answer says so and leaves the others standing."""
    visitor("operator", "source", "bank", "platform")
    return page(
        "operations.html",
        book=_part("/book"),
        imports=_part("/imports", {"limit": SHOWN}),
        models=_part("/models", {"limit": SHOWN}),
    )


def _part(path: str, query: dict[str, int] | None = None) -> dict[str, Any]:
    try:
        found = ask("GET", path, query=query)
    except UpstreamUnavailable:
        return {"trouble": "unavailable"}
    except ServiceProblem as problem:
        return {"trouble": "not_allowed" if problem.status == 403 else "unavailable"}
    return {"found": found["items"] if isinstance(found, dict) and "items" in found else found}
