"""Write the validation document of a model: what its card says, who decided about it, and its pictures, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scoring.context import Context
from services.scoring.document.page import render
from services.scoring.document.words import Language
from services.scoring.domain.errors import ModelNotReady
from services.scoring.usecases import read_picture


def validation_document(context: Context, model: Mapping[str, Any], language: Language) -> str:
    """Return the document as HTML of a model as it is shown, with its events; raise `ModelNotReady` without a card."""
    version = model["version"]
    if "metrics" not in (model["card"] or {}):
        raise ModelNotReady(
            f"Model {version} is {model['state']}: it has no card yet to make a document from.", state=model["state"]
        )
    names = read_picture.names(context, version)
    return render(model, {name: read_picture.read_picture(context, version, name) for name in names}, language)
