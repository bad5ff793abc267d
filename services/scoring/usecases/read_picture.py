"""Read a picture of a model's page, drawn from its card when the model was trained (or redrawn: `redraw`)."""

from __future__ import annotations

from pathlib import Path

from services.scoring.context import Context
from services.scoring.domain.errors import PictureNotFound
from services.scoring.store import models

FOLDER = "pictures"  # as `ml.plots` names it; that module costs seconds to import


def names(context: Context, version: str) -> list[str]:
    """Return the names of a model's pictures; none where it was trained before pictures were drawn."""
    with context.database.read() as session:
        models.model(session, version)
    return sorted(_pictures(context, version))


def read_picture(context: Context, version: str, name: str) -> str:
    """Return one picture as SVG text; raise `PictureNotFound`."""
    with context.database.read() as session:
        models.model(session, version)
    found = _pictures(context, version).get(name)
    if found is None:
        raise PictureNotFound(f"Model {version} has no picture {name!r}; GET /v1/models/{version}/plots lists them.")
    return found.read_text("utf-8")


def _pictures(context: Context, version: str) -> dict[str, Path]:
    return {path.stem: path for path in (context.shelf.path(version) / FOLDER).glob("*.svg")}
