"""Retention periods by subject and kind of record, each with its law or policy."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from gateway.portal.visit import ask, page, visitor


def policies() -> ResponseReturnValue:
    """Show the policies of retention to whoever is signed in."""
    visitor()
    listed = ask("GET", "/retention")
    return page("retention.html", policies=listed["items"], version=listed["version"]), 200
