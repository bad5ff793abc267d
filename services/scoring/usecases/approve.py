"""Approve a trained model: the second pair of eyes, without which none serves.

Models belong to the installation: whoever may train does, and the one that serves scores for every client. That is why
the approval is the operator's by default (scope `models:approve`), and never the trainer's own.

A model that failed its gate is approved with a reason only, which every score of it tells from then on.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.errors import Invalid
from chassis.core.identity import Caller
from services.scoring.domain import gate
from services.scoring.domain.errors import ApprovalByTrainer, GateFailed, ModelNotReady
from services.scoring.store import models
from services.scoring.tables import Model


def approve(
    session: Session, caller: Caller, version: str, note: str | None = None, exception: str | None = None
) -> Model:
    """Approve `version`; the first approval stays. Serve at once where the training was ordered with `promote`.

    `exception` says why a model may serve although it failed its gate; raises `GateFailed` where that is missing.
    """
    model = models.model(session, version)
    if model.state in {"training", "failed"}:
        raise ModelNotReady(f"Model {version} is {model.state}; a trained model can be approved.", state=model.state)
    if caller.client == model.client:
        raise ApprovalByTrainer(
            f"{caller.client} trained model {version}; let another client with the scope models:approve look at its "
            "card and approve it."
        )
    _check_exception(model, exception)
    if exception is not None and model.exception is None:
        model.exception = exception
        models.note_event(session, version, "exception", caller.client, datetime.now(UTC), exception)
    if model.approved_at is None:
        _approve(session, caller, model, note)
    return model


def _check_exception(model: Model, exception: str | None) -> None:
    """Raise where a failed gate has no reason to go with it, or a reason no failed gate."""
    passed = gate.passed(model.card)
    if passed and exception is not None:
        raise Invalid(f"Model {model.version} passed its gate: approve it without an exception.")
    if not passed and exception is None and model.exception is None:
        raise GateFailed(
            f"Model {model.version} is behind its challenger on firms that neither saw: {gate.told(model.card)}. Train "
            "another one, or approve it with `exception`, the reason why it may serve all the same: it will stand on "
            "the model's card and on every score of it.",
            tests=gate.tests(model.card),
        )


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
