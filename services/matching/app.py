"""The composition root of the matching service."""

from __future__ import annotations

from functools import cache, partial

from flask import Flask

from chassis.core.http import ServiceIdentity, Upstream
from chassis.core.identity import Verifier
from chassis.data import migrations
from chassis.data.database import Database
from chassis.web.app import make_api, make_app, serve_dictionary
from services.matching.api import BLUEPRINTS
from services.matching.api.problems import KINDS
from services.matching.clients import Profile, Scoring
from services.matching.context import Context, Shelves
from services.matching.settings import Settings

PACKAGE = "services.matching"
# Features of a whole book take seconds, and only a batch waits for them: a request ends with its caller's patience.
LONGEST_CALL_SECONDS = 600.0


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


def make_context(settings: Settings) -> Context:
    """Return the service's collaborators, for the web process and the worker alike. Nothing connects yet."""
    return Context(
        settings=settings,
        database=Database(settings.database_url),
        profile=Profile(Upstream("profile", settings.profile_url, timeout=LONGEST_CALL_SECONDS)),
        scoring=Scoring(Upstream("scoring", settings.scoring_url, timeout=LONGEST_CALL_SECONDS)),
        shelves=Shelves(),
        identity=cache(lambda: ServiceIdentity(settings.gateway_url, settings.own_key())),
    )
