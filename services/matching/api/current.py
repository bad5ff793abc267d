"""The collaborators of the running application, for the api alone."""

from __future__ import annotations

from chassis.web.app import collaborators
from services.matching.context import Context


def context() -> Context:
    """Return the collaborators of the running application."""
    return collaborators(Context)
