"""Models: trained, shown, promoted."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.web import paging, preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.idempotency import idempotent, repeatable
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from services.scoring.api import shown
from services.scoring.api.current import context
from services.scoring.api.model_schemas import (
    ApprovalSchema,
    ComparisonSchema,
    LanguageSchema,
    ModelPageSchema,
    ModelSchema,
    NoteSchema,
    PictureNamesSchema,
    PictureSchema,
    TrainingOrderSchema,
)
from services.scoring.domain.adjustment import Adjustment
from services.scoring.domain.order import TrainingOrder
from services.scoring.domain.outcome import Terms
from services.scoring.domain.rating import Rated, Ratings
from services.scoring.store import models
from services.scoring.tables import Model
from services.scoring.usecases import read_picture
from services.scoring.usecases.approve import approve
from services.scoring.usecases.promote import cast_shadow, end_shadow, promote, roll_back
from services.scoring.usecases.shadow import comparison
from services.scoring.usecases.train import order_training
from services.scoring.usecases.validate import validation_document

# The page carries its styles and pictures inside; it runs and loads nothing.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
blueprint = Blueprint("models", __name__, url_prefix="/v1/models", description="Trained models and their cards")


@blueprint.post("")
@requires("models:write")
@refuses(blueprint, 400, 422, *WORK_WAITS)
@blueprint.arguments(TrainingOrderSchema())
@blueprint.response(202, ModelSchema())
@idempotent
@shows(Shows.COUNTS)
def post_model(session: Session, order: dict[str, Any]) -> dict[str, Any]:
    """Order the training of a new model on the outcomes known; a worker trains it.

    It reads features and outcomes for the purpose `model-training`; outcomes that this bank reported itself count
    before imported ones. `told` says what the order leaves undeclared and, once trained, how many labels bear no date.
    With `ratings`, the bank's own grades of some firms, the card tells which of the two ranks held-out firms better.
    `blocks` of figures are tried beside the features, and kept where held-out firms show that they pay.
    """
    row = order_training(session, caller(), _order(order))
    session.flush()
    return shown.model(session, row)


@blueprint.get("")
@requires("models:read")
@refuses(blueprint, 400)
@blueprint.response(200, ModelPageSchema())
@blueprint.doc(parameters=paging.PARAMETERS)
@shows(Shows.COUNTS)
def list_models() -> Response:
    """List the models, newest first."""
    with context().database.read() as session:
        page = paging.page(
            session, select(Model), [Model.version], lambda row: shown.model(session, row), newest_first=True
        )
        return json_answer(page)


@blueprint.get("/<version>")
@requires("models:read")
@refuses(blueprint, 404)
@blueprint.response(200, ModelSchema())
@shows(Shows.COUNTS)
def get_model(version: str) -> Response:
    """Read a model's state and card."""
    return _answer(version)


@blueprint.post("/<version>/approve")
@requires("models:approve")
@refuses(blueprint, 400, 404, 409, 412, 422)
@blueprint.arguments(ApprovalSchema())
@blueprint.response(200, ModelSchema())
@preconditions.documented
@idempotent
@shows(Shows.COUNTS)
def post_approval(session: Session, decision: dict[str, Any], version: str) -> dict[str, Any]:
    """Approve a model that somebody else trained; without it no model serves.

    A model whose training was ordered with `promote` serves from then on. One that failed its gate is approved with
    an `exception` only.
    """
    _expect(session, version)
    return _shown(session, approve(session, caller(), version, **decision))


@blueprint.post("/<version>/promote")
@requires("models:write")
@refuses(blueprint, 404, 409, 412)
@blueprint.response(200, ModelSchema())
@preconditions.documented
@repeatable
@shows(Shows.COUNTS)
def post_promotion(session: Session, version: str) -> dict[str, Any]:
    """Let an approved model serve from the next score on.

    By who trained it, or the operator. The model that served is retired. Repeating it changes nothing.
    """
    _expect(session, version)
    return _shown(session, promote(session, caller(), version))


@blueprint.post("/<version>/rollback")
@requires("models:write")
@refuses(blueprint, 400, 404, 409, 412, 422)
@blueprint.arguments(NoteSchema())
@blueprint.response(200, ModelSchema())
@preconditions.documented
@idempotent
@shows(Shows.COUNTS)
def post_rollback(session: Session, decision: dict[str, Any], version: str) -> dict[str, Any]:
    """Take the serving model out of service; answers with the one that served before, which serves again.

    By who trained the serving one, or the operator.
    """
    _expect(session, version)
    return _shown(session, roll_back(session, caller(), version, decision["note"]))


@blueprint.post("/<version>/shadow")
@requires("models:write")
@refuses(blueprint, 404, 409)
@blueprint.response(200, ModelSchema())
@repeatable
@shows(Shows.COUNTS)
def post_shadow(session: Session, version: str) -> dict[str, Any]:
    """Let a trained model score all live traffic in the shadow of the champion.

    What it says is stored beside each score and never answered to a bank. One runs at a time; no approval is needed,
    but who trained it or the operator decides.
    """
    return _shown(session, cast_shadow(session, caller(), version))


@blueprint.delete("/<version>/shadow")
@requires("models:write")
@refuses(blueprint, 404, 409)
@blueprint.response(200, ModelSchema())
@shows(Shows.COUNTS)
def delete_shadow(version: str) -> Response:
    """Take a challenger out of the shadow; what it said stays stored."""
    with context().database.begin() as session:
        return json_answer(_shown(session, end_shadow(session, caller(), version)))


@blueprint.get("/<version>/comparison")
@requires("models:read")
@refuses(blueprint, 404)
@blueprint.response(200, ComparisonSchema())
@shows(Shows.COUNTS)
def get_comparison(version: str) -> Response:
    """Compare a challenger's shadow scores with the champions' on the same firms, and both with known outcomes.

    For who trained it and the operator.
    """
    return json_answer(comparison(context(), caller(), version))


@blueprint.get("/<version>/plots")
@requires("models:read")
@refuses(blueprint, 404)
@blueprint.response(200, PictureNamesSchema())
@shows(Shows.COUNTS)
def list_pictures(version: str) -> Response:
    """List the pictures of a model: ROC, KS, calibration, stability, SHAP summary and dependence."""
    return json_answer({"items": read_picture.names(context(), version)})


@blueprint.get("/<version>/plots/<name>")
@requires("models:read")
@refuses(blueprint, 404)
@blueprint.response(200, PictureSchema())
@shows(Shows.COUNTS)
def get_picture(version: str, name: str) -> Response:
    """Read one picture of a model as SVG text."""
    return json_answer({"name": name, "svg": read_picture.read_picture(context(), version, name)})


@blueprint.get("/<version>/validation")
@requires("models:read")
@refuses(blueprint, 404, 409, 422)
@blueprint.arguments(LanguageSchema(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/html", description="A page without script")
@shows(Shows.COUNTS)
def get_validation(asked: dict[str, Any], version: str) -> Response:
    """Read a model's validation document: one page for a bank's validator, self-contained, that prints well.

    Purpose, decisions, definitions, lineage, alternatives, performance with intervals and by segment, calibration,
    stability, sensitivity, omission tests, limits with triggers. What was not measured says so.
    """
    with context().database.read() as session:
        model = _shown(session, models.model(session, version))
    page = validation_document(context(), model, asked["lang"])
    return Response(page, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": PAGE_POLICY})


def _order(said: dict[str, Any]) -> TrainingOrder:
    terms = Terms(said.pop("definition"), said.pop("horizon_months"))
    level = {name: said.pop(name) for name in ("central_tendency", "margin_of_conservatism", "through_the_cycle_shift")}
    ratings = _ratings(said.pop("ratings"))
    return TrainingOrder(**said, terms=terms, adjustment=Adjustment(**level), ratings=ratings)


def _ratings(said: dict[str, Any] | None) -> Ratings | None:
    if said is None:
        return None
    return Ratings(
        said["grades"], {each["enterprise"]: Rated(each["grade"], each["rated_on"]) for each in said["given"]}
    )


def _shown(session: Session, row: Model) -> dict[str, Any]:
    return {**shown.model(session, row), "events": shown.events(session, row.version)}


def _expect(session: Session, version: str) -> None:
    """Refuse a decision on a model that has changed since it was read."""
    row = models.model(session, version, lock=True)
    preconditions.expect(lambda: _shown(session, row))


def _answer(version: str) -> Response:
    with context().database.read() as session:
        return json_answer(_shown(session, models.model(session, version)))
