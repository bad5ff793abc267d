"""The composition root of the profile service."""

from __future__ import annotations

from functools import partial

from flask import Flask

from chassis.core.identity import Verifier
from chassis.data import migrations
from chassis.data.database import Database
from chassis.web.app import make_api, make_app, serve_dictionary
from services.profile.api import BLUEPRINTS, turns
from services.profile.api.problems import KINDS
from services.profile.api.shown import catalogue_terms
from services.profile.context import Context
from services.profile.lake import lakes
from services.profile.settings import Settings

PACKAGE = "services.profile"


def create_app(settings: Settings | None = None, *, verifier: Verifier | None = None) -> Flask:
    """Return the web application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    context = make_context(settings)
    app = make_app(
        "profile",
        verifier=verifier or Verifier(settings.jwks_url, audiences=["profile"]),
        problem_kinds=KINDS,
        checks={
            "database": partial(migrations.check, context.database, PACKAGE),
            "lake": partial(_check_lakes, context),
        },
    )
    app.extensions["context"] = context
    app.extensions["database"] = context.database
    make_api(app, title="Profile", version="v1", blueprints=BLUEPRINTS)
    serve_dictionary(app, PACKAGE, catalogue_terms())
    app.register_blueprint(turns.blueprint)
    return app


def make_context(settings: Settings) -> Context:
    """Return the service's collaborators, for the web process and the worker alike. Nothing connects yet."""
    return Context(
        settings=settings,
        database=Database(settings.database_url),
        lakes=lakes(settings.lake_url, settings.lake_options),
    )


def migrate(settings: Settings) -> bool:
    """Bring the database up to date and make the lakes; tell whether the database was not."""
    context = make_context(settings)
    for lake in context.lakes.values():
        lake.create()
    return migrations.upgrade(context.database, PACKAGE)


def _check_lakes(context: Context) -> None:
    for lake in context.lakes.values():
        lake.check()
