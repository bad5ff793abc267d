"""The composition root of the matching service."""

from __future__ import annotations

from flask import Flask

from chassis.core.identity import Verifier
from chassis.web.app import make_service
from services.matching.api import BLUEPRINTS
from services.matching.context import make_context
from services.matching.problems import KINDS
from services.matching.settings import PACKAGE, Settings


def create_app(settings: Settings | None = None, *, verifier: Verifier | None = None) -> Flask:
    """Return the web application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    return make_service(
        PACKAGE,
        make_context(settings),
        verifier=verifier or Verifier(settings.jwks_url, audiences=["matching"]),
        problem_kinds=KINDS,
        blueprints=BLUEPRINTS,
    )
