"""How a model stands to its gate: what every score of it tells."""

from __future__ import annotations

from services.scoring.context import Context
from services.scoring.domain import gate
from services.scoring.domain.gate import Standing
from services.scoring.store import models


def standing_of(context: Context, version: str) -> Standing:
    """Return whether a model passed its gate and, where it did not, why it was approved.

    Only for the latter is the database asked: what a card says never changes, and nearly all pass.
    """
    if gate.passed(context.shelf[version].card):
        return Standing(passed=True)
    with context.database.read() as session:
        return Standing(passed=False, exception=models.model(session, version).exception)
