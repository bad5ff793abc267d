"""Draw the pictures of models that were trained when pictures had a dot a firm: old ones go, new ones are of tens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from services.scoring.context import Context
from services.scoring.domain.disclosure import disclosed
from services.scoring.store import models
from services.scoring.usecases import read_picture

Draw = Callable[[Path, Mapping[str, Any]], list[str]]
log = structlog.get_logger()


def redraw(context: Context) -> int:
    """Return how many models got new pictures; what an old card does not tell of ten firms or more is not drawn.

    A model whose pictures cannot be drawn has none, and keeps nobody from starting.
    """
    with context.database.read() as session:
        cards = models.cards(session)
    waiting = {
        version: card
        for version, card in cards.items()
        if card.get("validation") and _undrawn(context.shelf.path(version))
    }
    if not waiting:
        return 0
    from services.scoring.ml.plots import draw  # noqa: PLC0415 -- seconds to import, and only once for an old model

    return sum(_redrawn(draw, context.shelf.path(version), card) for version, card in waiting.items())


def _redrawn(draw: Draw, model: Path, card: Mapping[str, Any]) -> bool:
    try:
        draw(model, disclosed(card) or {})
    except Exception as error:
        # An old card may lack what is drawn, and another worker that starts too may be first with the folder.
        log.warning("pictures-not-drawn", model=model.name, error=type(error).__name__)
        return False
    return True


def _undrawn(model: Path) -> bool:
    return model.is_dir() and not (model / read_picture.FOLDER).is_dir()
