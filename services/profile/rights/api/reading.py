"""From a request to who reads what, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import request

from chassis.core.call import request_id
from chassis.web.caller import caller
from services.profile.book.api.current import context
from services.profile.rights import dispute_store
from services.profile.rights.domain.consent import Field
from services.profile.rights.usecases.open_file import Reading


def reading(field: Field, what: str, as_of: date | None = None) -> Reading:
    """Return this request as a reading of a part of a file, as of the day that it names, if any."""
    return Reading(caller(), field, what, request.headers.get("Purpose"), request_id(), as_of)


def marked(enterprise: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is read of an enterprise with the marks of what it disputes, as they are now."""
    return {**document, "disputes": marks([enterprise]).get(enterprise, [])}


def marks(enterprises: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the marks of some enterprises as they are shown; who disputes nothing is left out."""
    with context().database.read() as session:
        found = dispute_store.marks(session, enterprises)
    return {name: [mark.as_json() for mark in each] for name, each in found.items()}


PURPOSE = {
    "in": "header",
    "name": "Purpose",
    "schema": {"type": "string"},
    "description": "Why a third party reads; the enterprise itself needs none",
}
