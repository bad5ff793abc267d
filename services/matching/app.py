"""The composition root of the matching service."""

from __future__ import annotations

from functools import partial

from flask import Flask

from chassis.core import metrics
from chassis.core.identity import Verifier
from chassis.data import removal
from chassis.web.app import make_service
from chassis.web.health import tell_gauges, watch_posts
from chassis.web.housekeeping import House, blueprints
from services.matching.api import BLUEPRINTS
from services.matching.context import make_context
from services.matching.gauges import gauges, late
from services.matching.jobs import posts
from services.matching.problems import KINDS
from services.matching.retention import policies
from services.matching.settings import PACKAGE, SERVICE, Settings


def create_app(settings: Settings | None = None, *, verifier: Verifier | None = None) -> Flask:
    """Return the web application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    context = make_context(settings)
    app = make_service(
        PACKAGE,
        context,
        verifier=verifier or Verifier(settings.jwks_url, audiences=["matching"]),
        problem_kinds=KINDS,
        blueprints=[*BLUEPRINTS, *blueprints(House(SERVICE, context.database, policies(), settings.schedule))],
    )
    kept = removal.gauges(context.database, policies(), settings.schedule)
    tell_gauges(app, metrics.Gauges([*gauges(context), *kept]))
    return watch_posts(app, posts(context), partial(late, context))
