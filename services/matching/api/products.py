"""Products: published by banks as versions that never change."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import func, select
from werkzeug.exceptions import BadRequest

from chassis.core.errors import Invalid
from chassis.core.ids import new_id
from chassis.web import idempotency, paging, preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from chassis.web.reading import whole
from services.matching import store
from services.matching.api.current import context
from services.matching.api.product_schemas import ProductPageSchema, ProductSchema, ShownProductSchema
from services.matching.domain.errors import NotTheBank
from services.matching.domain.product import ProductDraft
from services.matching.tables import ProductVersion
from services.matching.usecases import publish
from services.matching.usecases.address import audience

blueprint = Blueprint("products", __name__, url_prefix="/v1/products", description="Financing products of banks")
PUBLISHED, SHOWN = ProductSchema(), ShownProductSchema()


@blueprint.post("")
@refuses(blueprint, 400, 409, 422, 503)
@requires("products:write")
@blueprint.arguments(PUBLISHED)
@blueprint.response(201, SHOWN)
@idempotency.documented
def post_product(document: dict[str, Any]) -> Response:
    """Publish a product.

    Its rules are read at once: one that cannot be read, or names a fact or a word that does not exist, is refused with
    its place. So are codes of its scope that are on no list, and rules that no firm could ever pass together.
    """
    stored = idempotency.replayed()
    if stored is None:
        draft = checked(draft_of(document, document.get("id") or new_id("prd")))
        with context().database.begin() as session:
            stored = idempotency.once(session, lambda: publish.publish(session, caller(), draft).document)
    return _shown(stored, 201)


@blueprint.get("")
@refuses(blueprint, 400)
@requires("products:read")
@blueprint.doc(parameters=paging.PARAMETERS)
@blueprint.response(200, ProductPageSchema())
def list_products() -> Response:
    """List products, each in its newest version; how a rate is made is told to its bank and the operator."""
    newest = select(ProductVersion.product, func.max(ProductVersion.version).label("version"))
    latest = newest.group_by(ProductVersion.product).subquery()
    query = select(ProductVersion).join(
        latest, (ProductVersion.product == latest.c.product) & (ProductVersion.version == latest.c.version)
    )
    with context().database.read() as session:
        told = audience(session, caller())
        return json_answer(
            paging.page(session, query, [ProductVersion.product], lambda row: told.product(row.document))
        )


@blueprint.get("/<product_id>")
@refuses(blueprint, 400, 404)
@requires("products:read")
@blueprint.doc(parameters=[{"in": "query", "name": "version", "schema": {"type": "integer", "minimum": 1}}])
@blueprint.response(200, SHOWN)
def get_product(product_id: str) -> Response:
    """Read a product, its newest version unless `version` names another.

    How its rate is made is told to its bank and the operator; everybody is told `subsidy`, `floor` and `cap`.
    """
    with context().database.read() as session:
        row = store.product_version(session, product_id, _version())
        return _shown(audience(session, caller()).product(row.document), 200)


@blueprint.put("/<product_id>")
@refuses(blueprint, 400, 412, 422, 503)
@requires("products:write")
@blueprint.arguments(PUBLISHED)
@blueprint.response(200, SHOWN)
@blueprint.alt_response(201, schema=SHOWN, description="The first version of a new product", success=True)
@preconditions.documented
def put_product(document: dict[str, Any], product_id: str) -> Response:
    """Publish the next version of a product, or its first.

    Putting the same again changes nothing. With `If-Match` (the ETag that was read) nobody's newer version is lost.
    """
    draft = checked(draft_of(document, product_id))
    with context().database.begin() as session:
        row, is_new = publish.revise(session, caller(), draft, preconditions.version_meant(may_be_none=True))
    return _shown(row.document, 201 if is_new else 200)


def draft_of(document: dict[str, Any], product_id: str, *, field: str = "id") -> ProductDraft:
    """Return a body's product under the id of its address and its bank's registered name; refuse any other."""
    if document.setdefault("id", product_id) != product_id:
        raise Invalid(f"The body's id is {document['id']}, the address says {product_id}.", field=field)
    registered = caller().name or caller().client
    if document.setdefault("bank", registered) != registered:
        raise NotTheBank(
            f"You are registered as {registered!r}; a product bears its bank's own name. Leave `bank` out, or ask the "
            "operator to have your name in the register changed.",
            field=f"{field.removesuffix('id')}bank",
            found=document["bank"],
            needed=registered,
        )
    return ProductDraft(product_id, document)


def checked(draft: ProductDraft) -> ProductDraft:
    """Return a product whose rules can be read, with what counts for it."""
    publish.check(context().profile, draft)
    return publish.settle_counts(context().scoring, draft)


def _shown(document: dict[str, Any], status: int) -> Response:
    response = json_answer(document, status)
    response.set_etag(str(document["version"]))
    if request.method == "GET":
        response.make_conditional(request)
    return response


def _version() -> int | None:
    given = request.args.get("version")
    if given is not None and not whole(given):
        raise BadRequest("version must be a whole number from 1 on.")
    return whole(given or "")
