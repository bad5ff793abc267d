"""The book as a whole: its state, its feature catalogue, features of many enterprises as a table."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import refuses
from services.profile import store
from services.profile.api import shown
from services.profile.api.book_schemas import BookSchema, CatalogueSchema, FeatureSetSchema
from services.profile.api.enterprises import PURPOSE
from services.profile.api.reading import reading
from services.profile.context import context
from services.profile.domain.consent import Field
from services.profile.usecases import read

blueprint = Blueprint("book", __name__, url_prefix="/v1", description="The book as a whole")
PARQUET = "application/vnd.apache.parquet"
LARGEST_ORDER = 64 << 20


@blueprint.before_request
def _allow_long_lists() -> None:
    request.max_content_length = LARGEST_ORDER


@blueprint.get("/book")
@blueprint.response(200, BookSchema())
def get_book() -> Response:
    """Read the book's date and size"""
    caller()
    with context().database.read() as session:
        state, enterprises = store.book(session), store.size(session)
    return json_answer(
        {
            "date": state.date,
            "synthetic": state.synthetic,
            "enterprises": enterprises,
            "invoices": state.invoices,
            "known_at": shown.known_at(state.known_at),
        }
    )


@blueprint.get("/catalogue")
@blueprint.response(200, CatalogueSchema())
def get_catalogue() -> Response:
    """Read the feature catalogue: names, titles, units, directions, reasons"""
    caller()
    return json_answer(shown.catalogue())


@blueprint.post("/feature-sets")
@refuses(blueprint, 422)
@requires("features:bulk")
@blueprint.arguments(FeatureSetSchema())
@blueprint.response(200, content_type=PARQUET, description="One row an enterprise")
@blueprint.doc(parameters=[PURPOSE])
def post_feature_set(order: dict[str, Any]) -> Response:
    """Read the features of many enterprises as a Parquet table

    Files without a live consent are withheld and counted; each read is recorded. `defaulted` comes with `outcomes`.
    """
    asked = read.Asked(order["as_of"], order["known_at"])
    by = reading(Field.FEATURES, "feature-set", order["as_of"])
    found = read.read_feature_set(context(), by, order["enterprises"], asked, outcomes=order["outcomes"])
    body = io.BytesIO()
    found.frame.write_parquet(body, compression="lz4", statistics=False)
    response = Response(body.getvalue(), content_type=PARQUET)
    response.headers |= {
        "As-Of": found.facts.moment.as_of.isoformat(),
        "Known-At": found.facts.known_at.isoformat(),
        "Catalogue": found.catalogue,
        "Withheld": str(found.withheld),
    }
    return response
