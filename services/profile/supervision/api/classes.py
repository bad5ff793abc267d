"""Classes for supervision (分级分类监管) over HTTP: one firm's with its reasons, and those of the open files."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, refuses
from services.profile.book.api.current import context
from services.profile.book.domain.moment import Asked
from services.profile.rights.api.reading import PURPOSE, marked, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id
from services.profile.supervision.api import class_shown
from services.profile.supervision.api.class_schemas import ClassPageSchema, ClassQuerySchema, EnterpriseClassSchema
from services.profile.supervision.usecases.classify import classify
from services.profile.supervision.usecases.list_classes import list_classes

one = Blueprint("class", __name__, url_prefix="/v1/enterprises", description="An enterprise's class")
many = Blueprint("classes", __name__, url_prefix="/v1/classes", description="Classes for supervision")


@one.get("/<enterprise>/class")
@refuses(one, 404, 422)
@requires("enterprises:read")
@one.arguments(ClassQuerySchema(), location="query")
@one.response(200, EnterpriseClassSchema())
@one.doc(parameters=[PURPOSE], tags=["classes"])
def get_class(query: dict[str, Any], enterprise: str) -> Response:
    """Read an enterprise's class A to D: each indicator's points, what caps it, what would raise it, how to inspect.

    What the firm says of itself alone does not count, and what is not known counts as the worst that could be.
    """
    sector = query.pop("sector")
    asked = reading(Resource.CLASS, query.get("as_of"))
    found = classify(context(), asked, enterprise_id(enterprise), Asked(**query), sector)
    return json_answer(marked(found.file.permit, class_shown.explained(found)))


@many.get("")
@refuses(many, 400, 404, 422)
@requires("enterprises:read")
@many.arguments(ClassQuerySchema(), location="query")
@many.response(200, ClassPageSchema())
@many.doc(parameters=[PURPOSE, *paging.PARAMETERS])
def list_them(query: dict[str, Any]) -> Response:
    """List the classes of the files that you may open, a page at a time; each is a read that the firm sees.

    `counts` are those of the page.
    """
    sector = query.pop("sector")
    asked = reading(Resource.CLASS, query.get("as_of"))
    after, most = paging.after(), paging.limit()
    found = list_classes(context(), asked, Asked(**query), sector, after, most)
    document = class_shown.listed(found, marks(found.permit))
    return json_answer(document | {"next": paging.following(found.after)})
