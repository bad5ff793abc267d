"""Tell how far ordered work is, and what came of it, as plain JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from chassis.data import jobs
from chassis.data.jobs import JobState
from services.scoring.domain.assessment import rfc3339
from services.scoring.store import batches, models
from services.scoring.tables import Batch, Evaluation, Model, Outcome


def model(session: Session, row: Model) -> dict[str, Any]:
    """Return a model and its card; a training that was refused shows as `failed` with its problem."""
    job = jobs.state(session, row.job)
    failed = row.state == "training" and job.state == "failed"
    return {
        "version": row.version,
        "state": "failed" if failed else row.state,
        "progress": _progress(job),
        "seed": row.seed,
        "as_of": _day(row.as_of),
        "known_at": _moment(row.known_at),
        "artefact_sha256": row.artefact_sha256,
        "card": row.card,
        "problem": job.problem,
        "created_at": _moment(row.created_at),
        "trained_at": _moment(row.trained_at),
        "promoted_at": _moment(row.promoted_at),
        "approved_at": _moment(row.approved_at),
        "approved_by": row.approved_by,
        "trained_by": row.client,
        "lineage": row.lineage,
    }


def events(session: Session, version: str) -> list[dict[str, Any]]:
    """Return what was decided about a model, the oldest first."""
    return [
        {"event": row.event, "client": row.client, "note": row.note, "at": rfc3339(row.at)}
        for row in models.events_of(session, version)
    ]


def batch(session: Session, row: Batch) -> dict[str, Any]:
    """Return a batch's state and counts."""
    job = jobs.state(session, row.job)
    scored, refused = batches.counts(session, row.id)
    return {
        "id": row.id,
        "state": job.state,
        "progress": _progress(job),
        "model": row.model,
        "as_of": _day(row.as_of),
        "known_at": _moment(row.known_at),
        "scored": scored,
        "refused": refused,
        "withheld": row.withheld,
        "problem": job.problem,
        "created_at": _moment(row.created_at),
    }


def evaluation(session: Session, row: Evaluation) -> dict[str, Any]:
    """Return an evaluation's state and figures."""
    job = jobs.state(session, row.job)
    return {
        "id": row.id,
        "state": job.state,
        "progress": _progress(job),
        "result": row.result,
        "problem": job.problem,
        "created_at": _moment(row.created_at),
    }


def outcome(row: Outcome) -> dict[str, Any]:
    """Return a recorded outcome."""
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "defaulted": row.defaulted,
        "observed_on": row.observed_on.isoformat(),
        "known_at": rfc3339(row.known_at),
    }


def _progress(job: JobState) -> dict[str, int | None]:
    return {"done": job.done, "total": job.total}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
