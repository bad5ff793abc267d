"""The composition root of the scoring service."""

from __future__ import annotations

from functools import cache, partial

from flask import Flask

from chassis.core.http import ServiceIdentity, Upstream
from chassis.core.identity import Verifier
from chassis.data import migrations
from chassis.data.database import Database
from chassis.web.app import make_api, make_app, serve_dictionary
from services.scoring.api import BLUEPRINTS
from services.scoring.clients import Profile
from services.scoring.context import Context, Shelf
from services.scoring.problems import KINDS
from services.scoring.settings import Settings
from services.scoring.usecases.assess import assess_each
from services.scoring.usecases.turn import Turns

PACKAGE = "services.scoring"
ONE_SECONDS, MANY_SECONDS = 10.0, 600.0


def create_app(settings: Settings | None = None, *, verifier: Verifier | None = None) -> Flask:
    """Return the web application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    context = make_context(settings)
    app = make_app(
        "scoring",
        verifier=verifier or Verifier(settings.jwks_url, audiences=["scoring"]),
        problem_kinds=KINDS,
        checks={"database": partial(migrations.check, context.database, PACKAGE)},
    )
    app.extensions["context"] = context
    app.extensions["turns"] = Turns(partial(assess_each, context))
    app.extensions["database"] = context.database
    make_api(app, title="Scoring", version="v1", blueprints=BLUEPRINTS)
    serve_dictionary(app, PACKAGE)
    return app


def make_context(settings: Settings) -> Context:
    """Return the service's collaborators, for the web process and the worker alike. Nothing connects yet."""
    return Context(
        settings=settings,
        database=Database(settings.database_url),
        profile=Profile(
            one=Upstream("profile", settings.profile_url, timeout=ONE_SECONDS),
            many=Upstream("profile", settings.profile_url, timeout=MANY_SECONDS),
        ),
        shelf=Shelf(settings.models),
        identity=cache(lambda: ServiceIdentity(settings.gateway_url, settings.own_key())),
    )
