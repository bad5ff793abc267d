"""Draw the pictures of models that were trained when pictures had a dot a firm: old ones go, new ones are of tens."""

from __future__ import annotations

from pathlib import Path

from services.scoring.context import Context
from services.scoring.domain.disclosure import disclosed
from services.scoring.store import models
from services.scoring.usecases import read_picture


def redraw(context: Context) -> int:
    """Return how many models got new pictures; what an old card does not tell of ten firms or more is not drawn."""
    with context.database.read() as session:
        cards = models.cards(session)
    waiting = {
        version: card
        for version, card in cards.items()
        if card.get("validation") and _undrawn(context.shelf.path(version))
    }
    if waiting:
        from services.scoring.ml import plots  # noqa: PLC0415 -- seconds to import, and only once for an old model

        for version, card in waiting.items():
            plots.draw(context.shelf.path(version), disclosed(card) or {})
    return len(waiting)


def _undrawn(model: Path) -> bool:
    return model.is_dir() and not (model / read_picture.FOLDER).is_dir()
