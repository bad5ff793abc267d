"""ETags of answers and preconditions of writes (RFC 9110, sections 8.8.3 and 13): nobody's change is lost unseen.

A JSON answer to a GET carries the digest of its bytes as a strong ETag, so a cache asks with `If-None-Match` and a
writer with `If-Match`. A write that honours `If-Match` works out, in its own transaction, what a GET would answer now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import orjson
from flask import Response, request
from werkzeug.exceptions import BadRequest

from chassis.core.errors import Outdated
from chassis.core.problems import MEDIA_TYPE
from chassis.core.versions import ANY
from chassis.web import refusals
from chassis.web.openapi import with_header
from chassis.web.reading import whole

P = ParamSpec("P")
R = TypeVar("R")
# What a problem that stands where a file would have stood must not say of itself.
OF_THE_FILE = ("Content-Disposition", "Last-Modified")
OUTDATED = "It has changed since you read it; read it again and decide anew."
PARAMETER = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag that you read: where the thing has changed since, the answer is 412 and nothing is done",
    "schema": {"type": "string"},
}


def tag(response: Response) -> Response:
    """Give a JSON answer to a GET its ETag; answer 304 to who has these very bytes, 412 to who expects others.

    What is passed through from a service has the service's.
    """
    whole = response.is_json and not response.is_streamed and not response.direct_passthrough
    if request.method == "GET" and response.status_code == HTTPStatus.OK and whole:
        if "ETag" not in response.headers:
            response.set_etag(etag_of(response.get_data()))
        response.make_conditional(request)
    if response.status_code == HTTPStatus.PRECONDITION_FAILED and response.mimetype != MEDIA_TYPE:
        _tell_outdated(response)
    return response


def _tell_outdated(response: Response) -> None:
    """Put a problem where a read, of a document or a file, was answered in spite of its `If-Match`."""
    response.close()
    response.direct_passthrough = False
    told = refusals.answer(refusals.problem_of(Outdated(OUTDATED)))
    response.set_data(told.get_data())
    response.content_type = told.content_type
    for name in OF_THE_FILE:
        response.headers.pop(name, None)


def etag_of(answer: Any) -> str:
    """Return the ETag of an answer, given as its bytes or as the document that is written as JSON."""
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer, option=orjson.OPT_UTC_Z)
    return hashlib.sha256(body).hexdigest()[:32]


def expect(answer: Callable[[], Any]) -> None:
    """Raise `Outdated` where this request's `If-Match` is not the ETag of what a GET would answer now.

    Call it in the write's transaction, after the row is locked. `answer` is not called where nothing is expected.
    """
    wanted = request.if_match
    if wanted and not wanted.contains(etag_of(answer())):
        raise Outdated(OUTDATED)


def version_meant(*, may_be_none: bool = False) -> int | None:
    """Return which version `If-Match` names of a thing whose ETag is its version; None: whichever there is, or none.

    `*` asks that there be one (RFC 9110, section 13.1.1): `versions.ANY` of a thing that `may_be_none`. Of one that a
    GET always shows it asks nothing.
    """
    given = request.headers.get("If-Match", "").strip()
    if given == "*":
        return ANY if may_be_none else None
    given = given.strip('"')
    if given and whole(given) is None:
        raise BadRequest("If-Match must be the ETag, as it was read. / If-Match 须为读取时的 ETag。")
    return whole(given)


def documented(endpoint: Callable[P, R]) -> Callable[P, R]:
    """Add the header to an endpoint's OpenAPI."""
    return with_header(endpoint, PARAMETER)
