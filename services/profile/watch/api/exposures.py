"""A client's own book of exposures over HTTP: whom it lent how much, and when contagion is an alert to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response, request

from chassis.web import preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from services.profile.book.api.current import context
from services.profile.graph.domain.contagion.book import Exposure
from services.profile.watch import exposure_store, tables
from services.profile.watch.api.exposure_schemas import ExposuresOrderSchema, ExposuresSchema
from services.profile.watch.usecases.state_exposures import state_exposures

blueprint = Blueprint("exposures", __name__, url_prefix="/v1/exposures", description="What you have lent to whom")
# A hundred thousand exposures with their figures.
LARGEST_BOOK = 32 << 20


@blueprint.before_request
def _allow_long_books() -> None:
    request.max_content_length = LARGEST_BOOK


@blueprint.get("")
@refuses(blueprint)
@requires("enterprises:read")
@blueprint.response(200, ExposuresSchema())
@shows(Shows.OWN_WORDS)
def get_exposures() -> Response:
    """Read your book of exposures as you stated it; nobody else reads it."""
    with context().database.read() as session:
        client = caller().client
        return _tagged(exposure_store.book(session, client), exposure_store.exposures(session, client))


@blueprint.put("")
@refuses(blueprint, 412, 422)
@requires("alerts:write")
@blueprint.arguments(ExposuresOrderSchema())
@blueprint.response(200, ExposuresSchema())
@preconditions.documented
@shows(Shows.OWN_WORDS)
def put_exposures(order: dict[str, Any]) -> Response:
    """State your book of exposures, in the place of the one before; the same again changes nothing.

    From then on, whenever a firm is told to have defaulted or to be a dishonest debtor, what that does to your book is
    worked out through the files that you may read for `credit-monitoring`; a rise of its expected loss by the threshold
    is an alert (`contagion`) in your feed.
    """
    stated = [Exposure(**each) for each in order["exposures"]]
    meant = preconditions.version_meant()
    with context().database.begin() as session:
        row = state_exposures(context(), session, caller(), stated, order["threshold_fen"], meant)
        return _tagged(row, exposure_store.exposures(session, caller().client))


def _tagged(row: tables.ExposureBook | None, held: Mapping[str, Exposure]) -> Response:
    answer = json_answer(
        {
            "version": row.version if row else 0,
            "threshold_fen": row.threshold_fen if row else None,
            "stated_at": row.stated_at if row else None,
            "stated_by": row.client if row else None,
            "exposures": [asdict(each) for each in held.values()],
        }
    )
    answer.set_etag(str(row.version if row else 0))
    return answer
