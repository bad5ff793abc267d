"""The composition root of the matching service."""

from __future__ import annotations

from functools import partial

from flask import Flask

from chassis.core.identity import Verifier
from chassis.data import migrations
from chassis.web.app import make_api, make_app, serve_dictionary
from services.matching.api import BLUEPRINTS
from services.matching.context import make_context
from services.matching.problems import KINDS
from services.matching.settings import PACKAGE, Settings


def create_app(settings: Settings | None = None, *, verifier: Verifier | None = None) -> Flask:
    """Return the web application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    context = make_context(settings)
    app = make_app(
        "matching",
        verifier=verifier or Verifier(settings.jwks_url, audiences=["matching"]),
        problem_kinds=KINDS,
        checks={"database": partial(migrations.check, context.database, PACKAGE)},
    )
    app.extensions["context"] = context
    app.extensions["database"] = context.database
    make_api(app, title="Matching", version="v1", blueprints=BLUEPRINTS)
    serve_dictionary(app, PACKAGE)
    return app
