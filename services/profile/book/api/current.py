"""The collaborators of the application that answers."""

from __future__ import annotations

from chassis.web.app import collaborators
from services.profile.book.context import Context


def context() -> Context:
    """Return the collaborators of the running application."""
    return collaborators(Context)
