"""How long what is kept of whom, and by which law or policy."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from gateway.portal.visit import ask, page, visitor


def policies() -> ResponseReturnValue:
    """Show the policies of retention to whoever is signed in."""
    visitor()
    found = ask("GET", "/retention")
    return page("retention.html", policies=found["items"], version=found["version"]), 200
