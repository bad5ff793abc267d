"""The composition root of the scoring service."""

from __future__ import annotations

from functools import partial

from flask import Flask

from chassis.core import metrics
from chassis.core.identity import Verifier
from chassis.data import removal
from chassis.web.app import make_service
from chassis.web.health import tell_gauges, watch_posts, writing
from chassis.web.housekeeping import House, blueprints
from services.scoring.api import BLUEPRINTS, current
from services.scoring.context import PACKAGE, make_context
from services.scoring.jobs import posts
from services.scoring.problems import KINDS
from services.scoring.settings import Settings
from services.scoring.store.retention import policies
from services.scoring.usecases.assess import assess_each
from services.scoring.usecases.turn import Turns


def create_app(settings: Settings | None = None, *, verifier: Verifier | None = None) -> Flask:
    """Return the web application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    context = make_context(settings)
    app = make_service(
        PACKAGE,
        context,
        verifier=verifier or Verifier(settings.jwks_url, audiences=["scoring"]),
        problem_kinds=KINDS,
        blueprints=[*BLUEPRINTS, *blueprints(House("scoring", context.database, policies(), settings.schedule))],
        checks={
            "writing": writing(context.database, {"models": settings.models}, {"models": context.shelf.files.probe})
        },
    )
    current.share(app, Turns(partial(assess_each, context)))
    tell_gauges(app, metrics.Gauges(removal.gauges(context.database, policies(), settings.schedule)))
    return watch_posts(app, posts(context))
