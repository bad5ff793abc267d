"""The composition root of the profile service."""

from __future__ import annotations

from functools import partial

from flask import Flask

from chassis.core import metrics
from chassis.core.identity import Verifier
from chassis.data import removal
from chassis.web.app import make_service
from chassis.web.health import Check, tell_gauges, watch_posts, writing
from chassis.web.housekeeping import House, blueprints
from chassis.web.refusals import DIAGNOSIS
from services.profile.book.context import Context, PeerMaker
from services.profile.book.usecases.agree import agree
from services.profile.book.usecases.diagnose import diagnose
from services.profile.composition import PACKAGE, make_context
from services.profile.gauges import gauges
from services.profile.portrait.api.shown import catalogue_terms
from services.profile.posts import posts
from services.profile.problems import KINDS
from services.profile.rights.domain.retention import all_declared
from services.profile.routes import BETWEEN_SERVICES, DOCUMENTED
from services.profile.settings import SERVICE, Settings


def create_app(
    settings: Settings | None = None, *, verifier: Verifier | None = None, peers: PeerMaker | None = None
) -> Flask:
    """Return the web application; settings come from the environment unless given, and `peers` from a worker."""
    settings = settings or Settings.from_environment()
    context = make_context(settings, peers)
    house = House(SERVICE, context.database, all_declared(), settings.schedule, "shred")
    app = make_service(
        PACKAGE,
        context,
        verifier=verifier or Verifier(settings.jwks_url, audiences=["profile"]),
        problem_kinds=KINDS,
        blueprints=[*DOCUMENTED, *blueprints(house)],
        checks={"lake": partial(agree, context), "writing": _writing(context)},
        terms=catalogue_terms,
    )
    app.extensions[DIAGNOSIS] = partial(diagnose, context)
    for blueprint in BETWEEN_SERVICES:
        app.register_blueprint(blueprint)
    kept = removal.gauges(context.database, all_declared(), settings.schedule, "shred")
    tell_gauges(app, metrics.Gauges([*gauges(context), *kept]))
    return watch_posts(app, posts())


def _writing(context: Context) -> Check:
    return writing(context.database, {"lake": context.settings.lake_url}, {"uploads": context.uploads.probe})
