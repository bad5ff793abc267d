"""Read a picture of a model's page, drawn from its card when the model was trained (or redrawn: `redraw`)."""

from __future__ import annotations

from pathlib import PurePosixPath

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
    return context.shelf.files.read(found).decode()


def _pictures(context: Context, version: str) -> dict[str, str]:
    """Return the names of a model's pictures, each with that of its file."""
    found = context.shelf.files.list(f"{version}/{FOLDER}/")
    return {PurePosixPath(file.name).stem: file.name for file in found if file.name.endswith(".svg")}
