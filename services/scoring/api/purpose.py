"""What an enterprise's data is read for, as a request says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from services.scoring.domain.errors import PurposeOpensNoScore

OPENS_SCORES = ("credit-assessment", "credit-monitoring")
OPENS_SCORE_SETS = (*OPENS_SCORES, "financing-match")
PURPOSES = (*OPENS_SCORE_SETS, "model-training")


def purpose_header(purposes: Sequence[str]) -> dict[str, Any]:
    """Return the parameter of a route that is open for these purposes."""
    return {
        "in": "header",
        "name": "Purpose",
        "required": True,
        "description": "What the enterprise's data is read for",
        "schema": {"type": "string", "enum": list(purposes)},
    }


def purpose(opening: Sequence[str]) -> str:
    """Return the request's purpose, one of those that open the route; what a job reads it reads for that.

    Raises `PurposeOpensNoScore` for another one.
    """
    given = request.headers.get("Purpose", "")
    if given not in PURPOSES:
        raise BadRequest(f"Send a Purpose header, one of: {', '.join(opening)}.")
    if given not in opening:
        raise PurposeOpensNoScore(f"{given} opens no such scores; send Purpose: {' or '.join(opening)}.")
    return given
