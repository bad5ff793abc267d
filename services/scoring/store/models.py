"""Rows of trained models: which serves, which runs in the shadow, and what was decided about each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import Table, exists, select, update
from sqlalchemy.orm import Session

from chassis.core.ids import new_id
from chassis.data.database import Runner
from services.scoring.domain.errors import ModelNotFound, NoServingModel
from services.scoring.tables import Model, ModelEvent

if TYPE_CHECKING:
    from numpy.typing import NDArray

_models = cast("Table", Model.__table__)
_serving = select(_models.c.version).where(_models.c.state == "serving")
_shadow = select(_models.c.version).where(_models.c.state == "shadow")
_at_work = select(_models.c.state, _models.c.version).where(_models.c.state.in_(("serving", "shadow")))


def serving_version(runner: Runner) -> str:
    """Return the version that serves; raise `NoServingModel`. Asked at every score: a promotion binds at once."""
    version: str | None = runner.execute(_serving).scalar()
    return _some(version)


def versions_at_work(runner: Runner) -> tuple[str, str | None]:
    """Return the version that serves and that of the challenger in its shadow, if there is one; as the two above."""
    found: dict[str, str] = dict(runner.execute(_at_work).all())
    return _some(found.get("serving")), found.get("shadow")


def _some(version: str | None) -> str:
    if version is None:
        raise NoServingModel("No model serves yet. Train one with POST /v1/models and promote it.")
    return version


def shadow_version(runner: Runner) -> str | None:
    """Return the version of the challenger that runs in the shadow, if there is one."""
    version: str | None = runner.execute(_shadow).scalar()
    return version


def model(session: Session, version: str, *, lock: bool = False) -> Model:
    """Return a model's row; raise `ModelNotFound`."""
    found = session.get(Model, version, with_for_update=True if lock else None)
    if found is None:
        raise ModelNotFound(f"There is no model {version}; GET /v1/models lists them.")
    return found


def cards(session: Session) -> dict[str, dict[str, Any]]:
    """Return the card of every model that has one."""
    rows = session.execute(select(Model.version, Model.card).where(Model.trained_at.is_not(None)))
    return {version: card for version, card in rows if card}


def heads(enterprises: Iterable[str]) -> NDArray[np.uint64]:
    """Return the sorted first eight bytes of the enterprises' hashes: who is among them, and no list of names."""
    digests = b"".join(hashlib.sha256(enterprise.encode()).digest()[:8] for enterprise in enterprises)
    return np.sort(np.frombuffer(digests, "<u8"))


def among(known: NDArray[np.uint64], enterprise: str) -> bool:
    """Tell whether an enterprise is among sorted `heads`; one in 10¹³ others would be taken for it."""
    [head] = heads([enterprise])
    place = int(np.searchsorted(known, head))
    return place < len(known) and bool(known[place] == head)


def trained_on(session: Session, version: str) -> NDArray[np.uint64] | None:
    """Return the `heads` of the firms that a model was trained on; None for one from before they were kept."""
    stored = session.scalar(select(Model.trained_on).where(Model.version == version))
    return None if stored is None else np.frombuffer(stored, "<u8")


def serve(session: Session, version: str, now: datetime) -> None:
    """Let one model serve and retire the one that served."""
    session.execute(update(Model).where(Model.state == "serving").values(state="retired"))
    session.execute(update(Model).where(Model.version == version).values(state="serving", promoted_at=now))


def note_event(session: Session, version: str, event: str, client: str, at: datetime, note: str | None = None) -> None:
    """Write down what was decided about a model."""
    session.add(ModelEvent(id=new_id("mev"), model=version, event=event, client=client, note=note, at=at))


def events_of(session: Session, version: str) -> list[ModelEvent]:
    """Return what was decided about a model, the oldest first."""
    query = select(ModelEvent).where(ModelEvent.model == version).order_by(ModelEvent.at, ModelEvent.id)
    return list(session.scalars(query))


def served_before(session: Session, version: str) -> str | None:
    """Return the approved model that served last before `version` and was not itself rolled back, if there is one."""
    taken_back = exists().where(
        ModelEvent.model == Model.version, ModelEvent.event == "rolled-back", ModelEvent.at >= Model.promoted_at
    )
    query = (
        select(Model.version)
        .where(Model.version != version, Model.state == "retired", Model.approved_at.is_not(None), ~taken_back)
        .order_by(Model.promoted_at.desc())
    )
    return session.scalar(query.limit(1))
