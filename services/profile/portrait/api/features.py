"""The book as a whole: its state, its feature catalogue, features of many enterprises as a table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

import polars as pl
from flask import Response, request
from werkzeug.wsgi import FileWrapper

from chassis.core.moments import rfc3339
from chassis.data.files import borrowed
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import refuses
from services.profile.book.api import book
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.moment import Asked
from services.profile.portrait.api import shown
from services.profile.portrait.api.feature_schemas import CatalogueSchema, FeatureSetSchema, FeaturesSchema
from services.profile.portrait.usecases import read_features
from services.profile.portrait.usecases.add_blocks import Block
from services.profile.portrait.usecases.read_feature_set import Wanted, read_feature_set
from services.profile.rights.api import enterprises
from services.profile.rights.api.reading import PURPOSE, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

# The routes of features stand in the resources of the book and of enterprises.
blueprint = book.blueprint
PARQUET = "application/vnd.apache.parquet"
LARGEST_ORDER = 64 << 20
# Rows that a reader of a large table gets together, and bytes that are sent together.
ROWS_TOGETHER, PIECE = 8192, 1 << 16


@blueprint.before_request
def _allow_long_lists() -> None:
    request.max_content_length = LARGEST_ORDER


@blueprint.get("/catalogue")
@blueprint.response(200, CatalogueSchema())
def get_catalogue() -> Response:
    """Read the feature catalogue: names, titles, units, directions, reasons."""
    caller()
    return json_answer(_catalogue())


@cache
def _catalogue() -> bytes:
    """Return what is the same for as long as the process lives: to write it anew takes most of its answer's time."""
    return json_answer(shown.catalogue()).get_data()


@blueprint.post("/feature-sets")
@refuses(blueprint, 422)
@requires("features:bulk")
@blueprint.arguments(FeatureSetSchema())
@blueprint.response(200, content_type=PARQUET, description="One row an enterprise")
@blueprint.doc(parameters=[PURPOSE])
def post_feature_set(order: dict[str, Any]) -> Response:
    """Read the features of many enterprises as a Parquet table.

    Files without a live consent are withheld and counted; each read is recorded.
    `defaulted` and `observed_on` come with `outcomes`. With `blocks` the figures of ties come as columns too, of firms
    whose consent has the field `graph`; each such read is recorded beside.
    """
    return feature_table(order, Resource.FEATURE_SET)


def feature_table(order: dict[str, Any], what: Resource) -> Response:
    """Answer with the features of many enterprises, read for `what`, as Parquet."""
    asked, by = Asked(order["as_of"], order["known_at"]), reading(what, order["as_of"])
    wanted = Wanted(order["enterprises"], order["outcomes"], tuple(map(Block, order["blocks"])))
    with read_feature_set(context(), by, wanted, asked) as found:
        response = _parquet(found.frames)
        response.headers |= {
            "As-Of": found.facts.moment.as_of.isoformat(),
            "Known-At": rfc3339(found.facts.known_at),
            "Catalogue": found.catalogue,
            "Withheld": str(found.withheld),
        }
    return response


def _parquet(frames: Iterator[pl.DataFrame]) -> Response:
    """Answer with tables as one: a single one from memory, several by way of files that are gone when they are read."""
    first, second = next(frames), next(frames, None)
    if second is None:
        body = io.BytesIO()
        first.write_parquet(body, compression="lz4", statistics=False)
        return Response(body.getvalue(), content_type=PARQUET)
    with borrowed(context().settings.scratch) as folder:
        parts = []
        for place, frame in enumerate(chain((first, second), frames)):
            parts.append(folder / f"{place:06}.parquet")
            frame.write_parquet(parts[-1], compression="lz4", statistics=False)
        whole = folder / "whole.parquet"
        pl.scan_parquet(parts).sink_parquet(whole, compression="lz4", statistics=False, row_group_size=ROWS_TOGETHER)
        length, file = whole.stat().st_size, whole.open("rb")
    response = Response(FileWrapper(file, PIECE), content_type=PARQUET, direct_passthrough=True)
    response.content_length = length
    return response


@enterprises.blueprint.get("/<enterprise>/features")
@refuses(enterprises.blueprint, 404, 422)
@requires("enterprises:read")
@enterprises.blueprint.arguments(MomentSchema(), location="query")
@enterprises.blueprint.response(200, FeaturesSchema())
@enterprises.blueprint.doc(parameters=[PURPOSE])
def get_features(moment: dict[str, Any], enterprise: str) -> Response:
    """Read an enterprise's features as of a date, as known at a time.

    `known_at` in the answer names exactly what counted: ask with it again and get the same values for ever.
    """
    asked = reading(Resource.FEATURES, moment.get("as_of"))
    return json_answer(read_features.read_features(context(), asked, enterprise_id(enterprise), Asked(**moment)))
