"""Draw the pictures of models that were trained when pictures had a dot a firm: old ones go, new ones are of tens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import structlog

from chassis.data.files import borrowed
from services.scoring.context import Context
from services.scoring.domain.disclosure import disclosed
from services.scoring.store import models
from services.scoring.usecases import read_picture

# Where pictures lay that had a dot a firm; they are taken away and never read.
OLD_FOLDER = "plots"
Draw = Callable[[Path, Mapping[str, Any]], list[str]]
log = structlog.get_logger()


def redraw(context: Context) -> int:
    """Return how many models got new pictures; what an old card does not tell of ten firms or more is not drawn.

    A model whose pictures cannot be drawn has none, and keeps nobody from starting.
    """
    with context.database.read() as session:
        cards = models.cards(session)
    waiting = {
        version: card for version, card in cards.items() if card.get("validation") and _undrawn(context, version)
    }
    if not waiting:
        return 0
    from services.scoring.ml.plots import draw  # noqa: PLC0415 -- seconds to import, and only once for an old model

    return sum(_redrawn(context, draw, version, card) for version, card in waiting.items())


def _redrawn(context: Context, draw: Draw, version: str, card: Mapping[str, Any]) -> bool:
    files = context.shelf.files
    try:
        with borrowed(context.settings.scratch) as folder:
            draw(folder, disclosed(card) or {})
            context.shelf.keep(version, folder)
        # Last, since it is by these that one that was killed in between is found.
        for old in files.list(f"{version}/{OLD_FOLDER}/"):
            files.delete(old.name)
    except Exception as error:  # an old card may lack what is drawn
        log.warning("pictures-not-drawn", model=version, error=type(error).__name__)
        return False
    return True


def _undrawn(context: Context, version: str) -> bool:
    folders = {PurePosixPath(file.name).parent.name for file in context.shelf.files.list(f"{version}/")}
    return OLD_FOLDER in folders or (bool(folders) and read_picture.FOLDER not in folders)
