"""What an enterprise's data is read for, as a request says it."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from services.scoring.domain.errors import PurposeOpensNoScore

OPENS_SCORES = ("credit-assessment", "credit-monitoring")
PURPOSE: dict[str, Any] = {
    "in": "header",
    "name": "Purpose",
    "required": True,
    "description": "What the enterprise's data is read for",
    "schema": {
        "type": "string",
        "enum": ["credit-assessment", "credit-monitoring", "financing-match", "model-training"],
    },
}


def purpose() -> str:
    """Return the request's purpose; what a job reads it reads for that."""
    given = request.headers.get("Purpose", "")
    if given not in PURPOSE["schema"]["enum"]:
        raise BadRequest(f"Send a Purpose header, one of: {', '.join(PURPOSE['schema']['enum'])}.")
    return given


def score_purpose() -> str:
    """Return the request's purpose, one that opens individual scores."""
    given = purpose()
    if given not in OPENS_SCORES:
        raise PurposeOpensNoScore(f"{given} opens no individual score; send Purpose: {' or '.join(OPENS_SCORES)}.")
    return given
