"""Retention periods by subject and kind of record, each with its law or policy."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from gateway.portal.language import term
from gateway.portal.visit import ask, page, speaking, visitor


def policies() -> ResponseReturnValue:
    """Show the policies of retention to whoever is signed in."""
    visitor()
    listed = ask("GET", "/retention")
    reasons: dict[str, dict[str, Any]] = {}
    for each in listed["stays"]:
        kept = reasons.setdefault(each["reason"], {"title": each["title"], "tables": []})
        kept["tables"].append(f"{each['service']}.{each['table']}")
    return page(
        "retention.html",
        policies=listed["items"],
        version=listed["version"],
        reasons=list(reasons.values()),
        unanswered=[term(speaking(), "service", each) for each in listed["unanswered"]],
    ), 200
