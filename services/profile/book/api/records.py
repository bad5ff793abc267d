"""Single records of an enterprise as JSON, one route a kind: small batches that are stored and loaded as files are."""

from __future__ import annotations

from typing import Any

import marshmallow
from flask import Response, request
from marshmallow import fields, validate

from chassis.web import idempotency
from chassis.web.caller import caller, requires
from chassis.web.openapi import WORK_WAITS, Blueprint, Shows, refuses, shows
from chassis.web.schemas import Schema
from services.profile.book.api.current import context
from services.profile.book.api.import_schemas import ImportSchema
from services.profile.book.api.imports import CHANNEL, import_answer
from services.profile.book.domain import invoice
from services.profile.book.domain.dataset import Column, Dataset
from services.profile.book.domain.evidence import DATASETS
from services.profile.book.usecases.receive import Delivery
from services.profile.book.usecases.record import record
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint("records", __name__, url_prefix="/v1/enterprises", description="Single records of an enterprise")
MOST_RECORDS = 1000
LARGEST_FEN = 10**16


def _field(column: Column) -> fields.Field[Any]:
    """Return a record's field as JSON says it: whole fen, ISO dates, our own words."""
    common: dict[str, Any] = {
        "required": column.required and column.default is None,
        "allow_none": not column.filled,
        "metadata": {"description": f"{column.titles[0]} / {column.english}"},
    }
    if column.reads in ("date", "day"):
        return fields.Date(**common)
    if column.reads == "money":
        return fields.Integer(strict=True, validate=validate.Range(-LARGEST_FEN, LARGEST_FEN), **common)
    if column.reads == "share":
        return fields.Float(validate=validate.Range(0, 1), **common)
    if column.reads == "choice":
        return fields.String(validate=validate.OneOf(sorted(set((column.choices or {}).values()))), **common)
    return fields.String(validate=validate.Length(1, column.longest), **common)


def _body(dataset: Dataset) -> marshmallow.Schema:
    """Return the schema of a batch of records of a kind; the enterprise is in the path."""
    name = "".join(word.title() for word in dataset.name.split("-"))
    columns = {
        column.name: _field(column) for column in dataset.columns if column.name != "enterprise" and not column.derived
    }
    one = Schema.from_dict({**columns, "synthetic": fields.Boolean()}, name=f"{name}RecordSchema")
    many = fields.List(fields.Nested(one()), required=True, validate=validate.Length(1, MOST_RECORDS))
    return Schema.from_dict({"records": many}, name=f"{name}BatchSchema")()


def _route(dataset: Dataset) -> None:
    @blueprint.post(f"/<enterprise>/{dataset.name}", endpoint=f"post_{dataset.name.replace('-', '_')}")
    @refuses(blueprint, 400, 403, 422, *WORK_WAITS)
    @requires("imports:write")
    @blueprint.arguments(_body(dataset))
    @blueprint.response(202, ImportSchema())
    @idempotency.documented
    @blueprint.doc(parameters=[CHANNEL], summary=f"Send {dataset.name.replace('-', ' ')} of an enterprise.")
    @shows(Shows.OWN_WORDS)
    def post_records(sent: dict[str, Any], enterprise: str) -> Response:
        """Send records of an enterprise.

        Up to a thousand at once, all or none: a fault in one is answered with 422 and nothing is stored. What is
        taken is safe once this answers, and part of the book when its import is done.
        """
        name = enterprise_id(enterprise)
        delivery = Delivery(
            dataset.name,
            f"{dataset.name}.json",
            idempotency.key(),
            channel=request.args.get("channel"),
            enterprise=name,
        )
        return import_answer(record(context(), caller(), delivery, sent["records"]))


for each in (invoice.DATASET, *DATASETS.values()):
    _route(each)
