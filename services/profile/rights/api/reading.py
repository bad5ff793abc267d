"""From a request to who reads what, and why; and the marks that go with what is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from flask import request

from chassis.core.call import request_id
from chassis.core.errors import Invalid
from chassis.web.caller import caller
from services.profile.book.api.current import context
from services.profile.book.domain.permit import Permit
from services.profile.rights import dispute_store
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading

PURPOSE = {
    "in": "header",
    "name": "Purpose",
    "schema": {"type": "string"},
    "description": "Why a third party reads; the enterprise itself needs none",
}


def reading(resource: Resource, as_of: date | None = None, *, part: str | None = None) -> Reading:
    """Return this request as a reading of a part of a file, as of the day that it names, if any."""
    return Reading(caller(), resource, request.headers.get("Purpose"), request_id(), as_of, part)


def named(word: str, among: Collection[Resource]) -> Resource:
    """Return the resource that another service names, where it is one of those that the route opens."""
    if word not in among:
        raise Invalid(f"This route is read for {', '.join(sorted(among))}; not for {word[:64]}.", what=word[:64])
    return Resource(word)


def marked(permit: Permit, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is read of one enterprise with the marks of what it disputes, as they are now."""
    (enterprise,) = permit.enterprises
    return {**document, "disputes": marks(permit).get(enterprise, [])}


def marks(permit: Permit) -> dict[str, list[Mapping[str, Any]]]:
    """Return the marks of the files that are open as they are shown; who disputes nothing is left out."""
    with context().database.connection() as connection:
        found = dispute_store.marks(connection, permit)
    return {name: [mark.as_json() for mark in each] for name, each in found.items()}
