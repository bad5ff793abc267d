"""Let an approved model serve, or run in the shadow of the one that does; take a promotion back.

The model that serves scores for every client, so who decides about one is the client that trained it or the operator.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from services.scoring.domain import gate
from services.scoring.domain.errors import GateFailed, ModelNotApproved, ModelNotReady, NothingServedBefore
from services.scoring.store import models
from services.scoring.tables import Model
from services.scoring.usecases.standing import check_governs


def promote(session: Session, caller: Caller, version: str) -> Model:
    """Let `version` serve from the next score on and retire the model that served; again is no change."""
    model = _trained(session, caller, version)
    if model.approved_at is None:
        raise ModelNotApproved(
            f"Model {version} was trained by {model.client} and approved by nobody. Let another client with the scope "
            f"models:approve call POST /v1/models/{version}/approve first."
        )
    if not gate.passed(model.card) and model.exception is None:
        raise GateFailed(
            f"Model {version} was approved before a failed gate asked for a reason: {gate.told(model.card)}. Let "
            f"another client than {model.client} call POST /v1/models/{version}/approve with `exception` first.",
            tests=gate.tests(model.card),
        )
    if model.state != "serving":
        _serve(session, caller, model, "promoted")
    return model


def roll_back(session: Session, caller: Caller, version: str, note: str | None) -> Model:
    """Take `version`, which serves, out of service and let the model that served before it serve again; return that.

    With that its approval ends: who trained it may not let it serve again before somebody has looked at it anew.
    """
    model = models.model(session, version)
    check_governs(caller, model)
    if model.state != "serving":
        raise NothingServedBefore(
            f"Model {version} is {model.state}, it does not serve; there is nothing to take back."
        )
    before = models.served_before(session, version)
    if before is None:
        raise NothingServedBefore(f"No model served before {version}; promote another approved one instead.")
    models.note_event(session, version, "rolled-back", caller.client, datetime.now(UTC), note)
    model.approved_at = model.approved_by = None
    earlier = models.model(session, before)
    _serve(session, caller, earlier, "restored")
    return earlier


def cast_shadow(session: Session, caller: Caller, version: str) -> Model:
    """Let `version` score all live traffic in the shadow: stored beside, shown to no bank. Needs no approval."""
    model = _trained(session, caller, version)
    if model.state == "serving":
        raise ModelNotReady(f"Model {version} serves; its own shadow would say the same.", state=model.state)
    if model.state != "shadow":
        _end_shadow(session)
        model.state = "shadow"
        models.note_event(session, version, "shadow", caller.client, datetime.now(UTC))
    return model


def end_shadow(session: Session, caller: Caller, version: str) -> Model:
    """Take `version` out of the shadow; again is no change."""
    model = _trained(session, caller, version)
    if model.state == "shadow":
        _end_shadow(session)
        models.note_event(session, version, "shadow-ended", caller.client, datetime.now(UTC))
        session.refresh(model)
    return model


def _trained(session: Session, caller: Caller, version: str) -> Model:
    model = models.model(session, version)
    check_governs(caller, model)
    if model.state in {"training", "failed"}:
        raise ModelNotReady(f"Model {version} is {model.state}; only a trained model can serve.", state=model.state)
    return model


def _serve(session: Session, caller: Caller, model: Model, event: str) -> None:
    now = datetime.now(UTC)
    models.serve(session, model.version, now)
    models.note_event(session, model.version, event, caller.client, now)
    session.flush()
    session.refresh(model)


def _end_shadow(session: Session) -> None:
    left = update(Model).where(Model.state == "shadow")
    session.execute(left.where(Model.approved_at.is_(None)).values(state="candidate"))
    session.execute(left.where(Model.approved_at.is_not(None)).values(state="approved"))
    session.flush()
