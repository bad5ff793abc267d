"""Approve a trained model: the second pair of eyes, without which none serves.

Models belong to the installation: whoever may train does, and the one that serves scores for every client. That is why
the approval is the operator's by default (scope `models:approve`), and never the trainer's own.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from services.scoring.domain.errors import ApprovalByTrainer, ModelNotReady
from services.scoring.store import models
from services.scoring.tables import Model


def approve(session: Session, caller: Caller, version: str, note: str | None) -> Model:
    """Approve `version`; the first approval stays. Serve at once where the training was ordered with `promote`."""
    model = models.model(session, version)
    if model.state in {"training", "failed"}:
        raise ModelNotReady(f"Model {version} is {model.state}; a trained model can be approved.", state=model.state)
    if caller.client == model.client:
        raise ApprovalByTrainer(
            f"{caller.client} trained model {version}; let another client with the scope models:approve look at its "
            "card and approve it."
        )
    if model.approved_at is None:
        _approve(session, caller, model, note)
    return model


def _approve(session: Session, caller: Caller, model: Model, note: str | None) -> None:
    now = datetime.now(UTC)
    model.approved_at, model.approved_by = now, caller.client
    if model.state == "candidate":
        model.state = "approved"
    models.note_event(session, model.version, "approved", caller.client, now, note)
    if model.promote and model.state == "approved":
        session.flush()
        models.serve(session, model.version, now)
        models.note_event(session, model.version, "promoted", model.client, now, "ordered with the training")
        session.refresh(model)
