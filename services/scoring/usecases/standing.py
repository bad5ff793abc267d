"""How a model stands: to its gate, which every score of it tells, and to a client, who may decide about it or not."""

from __future__ import annotations

from chassis.core.identity import Caller
from services.scoring.context import Context
from services.scoring.domain import gate
from services.scoring.domain.errors import NotYourModel
from services.scoring.domain.gate import Standing
from services.scoring.store import models
from services.scoring.tables import Model


def standing_of(context: Context, version: str) -> Standing:
    """Return whether a model passed its gate and, where it did not, why it was approved.

    Only for the latter is the database asked: what a card says never changes, and nearly all pass.
    """
    if gate.passed(context.shelf[version].card):
        return Standing(passed=True)
    with context.database.read() as session:
        return Standing(passed=False, exception=models.model(session, version).exception)


def check_governs(caller: Caller, model: Model) -> None:
    """Raise `NotYourModel` unless the caller trained the model or is the operator."""
    if caller.client != model.client and caller.role != "operator":
        raise NotYourModel(
            f"{model.client} trained model {model.version}: whether it serves or runs in the shadow is decided by "
            f"{model.client} or by the operator. Train a model of your own, or ask one of them."
        )
