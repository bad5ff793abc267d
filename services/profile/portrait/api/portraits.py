"""The portrait in depth: one dimension and its figures, the records behind a figure, and who pays late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, cast

from flask import Response

from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.departure import names_of_each
from services.profile.book.domain.evidence import dataset_of
from services.profile.book.domain.moment import Asked
from services.profile.portrait.api import shown
from services.profile.portrait.api.portrait_schemas import (
    DimensionSchema,
    InvoiceLinesSchema,
    LatePaymentsSchema,
    LateSchema,
    PortraitSchema,
    TracedPageSchema,
    TraceSchema,
)
from services.profile.portrait.domain.lineage import Table
from services.profile.portrait.usecases import portray
from services.profile.portrait.usecases.claim_late_payments import claim_late_payments
from services.profile.portrait.usecases.portray import read_dimension
from services.profile.portrait.usecases.read_lines import read_lines
from services.profile.portrait.usecases.trace_lineage import ORIGIN, Traced, sources, trace
from services.profile.rights.api import enterprises
from services.profile.rights.api.reading import PURPOSE, marked, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id

blueprint = Blueprint("portraits", __name__, url_prefix="/v1/enterprises", description="The portrait in depth")


@blueprint.get("/<enterprise>/portrait/<dimension>")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, DimensionSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_dimension(moment: dict[str, Any], enterprise: str, dimension: str) -> Response:
    """Read one dimension of the portrait: each figure, the peers' median, and what it contributes."""
    asked = reading(Resource.PORTRAIT, moment.get("as_of"), part=dimension[:20])
    found = read_dimension(context(), asked, enterprise_id(enterprise), dimension, Asked(**moment))
    return json_answer(marked(found.drawn.file.permit, shown.dimension(found)))


@blueprint.get("/<enterprise>/evidence")
@refuses(blueprint, 400, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(TraceSchema(), location="query")
@blueprint.response(200, TracedPageSchema())
@blueprint.doc(parameters=[PURPOSE, *paging.PARAMETERS])
def list_evidence(wish: dict[str, Any], enterprise: str) -> Response:
    """List the very records that a feature or indicator counts, newest first, each with its import and channel.

    A consent opens them with the field `records`. Ask every page with the `as_of` and `known_at` of the first.
    """
    name = enterprise_id(enterprise)
    feature = wish.pop("feature")
    by = reading(Resource.EVIDENCE, wish.get("as_of"), part=feature)
    found = trace(context(), by, name, feature, Asked(**wish))
    head = {"enterprise": name, "feature": feature, "as_of": found.file.moment.as_of, "total": len(found)}
    told = marked(found.file.permit, head | {"known_at": found.file.facts.known_at})
    disputed = {mark["item"]["record"]: mark["dispute"] for mark in told["disputes"]}
    return json_answer(told | paging.sliced(found, partial(_records, found, disputed)))


@blueprint.get("/<enterprise>/invoices/<record>/lines")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(MomentSchema(), location="query")
@blueprint.response(200, InvoiceLinesSchema())
@blueprint.doc(parameters=[PURPOSE])
def list_invoice_lines(moment: dict[str, Any], enterprise: str, record: str) -> Response:
    """List the lines of an invoice, the largest first: goods, quantity, price, rate; none where no source gave them.

    `record` is its name in the evidence behind a figure; a consent opens them as it does that, with `records`.
    """
    asked = reading(Resource.EVIDENCE, moment.get("as_of"), part="lines")
    found = read_lines(context(), asked, enterprise_id(enterprise), record, Asked(**moment))
    return json_answer(marked(found.file.permit, shown.invoice_lines(found)))


@blueprint.get("/<enterprise>/late-payments")
@refuses(blueprint, 404, 422)
@requires("enterprises:read")
@blueprint.arguments(LateSchema(), location="query")
@blueprint.response(200, LatePaymentsSchema())
@blueprint.doc(parameters=[PURPOSE])
def get_late_payments(wish: dict[str, Any], enterprise: str) -> Response:
    """Read who pays beyond terms, by how much and how long, with the interest that the law sets.

    Terms by 保障中小企业款项支付条例 (rev. 2025-06-01) and 民法典 Art. 203; a consent opens them with `records`.
    """
    side, yearly = wish.pop("side"), wish.pop("agreed_rate")
    asked = reading(Resource.LATE_PAYMENTS, wish.get("as_of"))
    found = claim_late_payments(context(), asked, enterprise_id(enterprise), Asked(**wish), side, yearly)
    return json_answer(marked(found.file.permit, shown.late_payments(found)))


def _records(found: Traced, disputed: Mapping[str, str], part: Any) -> list[dict[str, Any]]:
    rows = cast("list[tuple[Table, dict[str, Any]]]", part)
    known = sources(context(), rows)
    names: dict[str, Iterator[tuple[str, str | None]]] = {}
    for table in {table for table, _ in rows}:
        dataset = dataset_of(table.replace("_", "-"))
        names[table] = iter(names_of_each(dataset, [row for other, row in rows if other == table]))
    return [
        _record(table, row, known.get(row["import_id"], {}), next(names[table]), disputed)
        | {"unconfirmed": found.unconfirmed(table, row)}
        for table, row in rows
    ]


def _record(
    table: str,
    row: dict[str, Any],
    origin: dict[str, str],
    names: tuple[str, str | None],
    disputed: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "kind": table.replace("_", "-"),
        "name": names[0],
        "dispute": next((disputed[name] for name in names if name and name in disputed), None),
        "record": {name: value for name, value in row.items() if name not in {*ORIGIN, "enterprise"}},
        "recognised": shown.recognised(row.get("party_match")),
        "source": origin.get("source"),
        "channel": origin.get("channel"),
        "file": origin.get("file"),
        "import": row["import_id"],
        "known_at": row["known_at"],
        "version": row["version"],
    }


@enterprises.blueprint.get("/<enterprise>/portrait")
@refuses(enterprises.blueprint, 404, 422)
@requires("enterprises:read")
@enterprises.blueprint.arguments(MomentSchema(), location="query")
@enterprises.blueprint.response(200, PortraitSchema())
@enterprises.blueprint.doc(parameters=[PURPOSE])
def get_portrait(moment: dict[str, Any], enterprise: str) -> Response:
    """Read an enterprise's portrait: eight dimensions among peers, months of trade, main partners."""
    asked = reading(Resource.PORTRAIT, moment.get("as_of"))
    drawn = portray.read_portrait(context(), asked, enterprise_id(enterprise), Asked(**moment))
    return json_answer(marked(drawn.file.permit, shown.portrait(drawn)))
