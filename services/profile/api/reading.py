"""From a request to who reads what, and why."""

from __future__ import annotations

from datetime import date

from flask import g, request

from chassis.identity import caller
from services.profile.domain.consent import Field
from services.profile.usecases.access import Reading


def reading(field: Field, what: str, as_of: date | None = None) -> Reading:
    """Return this request as a reading of a part of a file, as of the day that it names, if any."""
    return Reading(caller(), field, what, request.headers.get("Purpose"), g.get("request_id"), as_of)
