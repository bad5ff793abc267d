"""Train a model: order it in the request, make it in the worker."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from chassis.data import jobs
from chassis.data.jobs import Job
from services.scoring.clients import FeatureTable, Read
from services.scoring.context import Context
from services.scoring.domain.order import ManyOrder, TrainingOrder
from services.scoring.ml.lineage import code, rows_sha256
from services.scoring.store import models, outcomes
from services.scoring.tables import Model

if TYPE_CHECKING:
    from services.scoring.ml.train import Trained

PURPOSE = "model-training"


def order_training(session: Session, caller: Caller, order: TrainingOrder) -> Model:
    """Write down a new version to be trained, and the job that will train it."""
    version = new_id("mdl")
    now = datetime.now(UTC)
    model = Model(
        version=version,
        state="training",
        client=caller.client,
        job=jobs.enqueue(session, "train", {"version": version}, caller=caller),
        promote=order.promote,
        seed=secrets.randbelow(2**31) if order.seed is None else order.seed,
        as_of=order.as_of,
        # Fixed at the order, so that training again after a crash sees the same data.
        known_at=order.known_at or now,
        created_at=now,
    )
    session.add(model)
    return model


def train(context: Context, job: Job) -> None:
    """Fetch features and outcomes, train, and register the result; taken up again it does the whole once more."""
    from services.scoring.ml.train import train as learn  # noqa: PLC0415 -- seconds to import, only the worker needs it

    with context.database.read() as session:
        model = models.model(session, job.payload["version"])
    if model.state != "training":
        return
    headers = context.acting_for(model.client, PURPOSE)
    book = context.profile.feature_set(
        ManyOrder(None, model.as_of, model.known_at), Read.FEATURE_SET, outcomes=True, headers=headers
    )
    with context.database.read() as session:
        frame = with_outcomes(book.frame, outcomes.by_enterprise(session, model.client, model.known_at))
    trained = learn(
        frame,
        context.profile.catalogue(headers),
        version=model.version,
        seed=model.seed,
        into=context.shelf.path(model.version),
        progress=job.progress,
    )
    _register(context, model.version, book.as_of, trained, _lineage(model, book, frame))


def _lineage(model: Model, book: FeatureTable, frame: pl.DataFrame) -> dict[str, Any]:
    """Tell where a model comes from, enough to train it again: the data's times and hash, the code, the seed, who."""
    return {
        "trained_by": model.client,
        "seed": model.seed,
        "as_of": book.as_of.isoformat(),
        "known_at": rfc3339(book.known_at),
        "catalogue": book.catalogue,
        "rows": frame.height,
        "rows_sha256": rows_sha256(frame),
        "withheld": book.withheld,
        "code": code(),
    }


def _register(context: Context, version: str, as_of: date, trained: Trained, lineage: dict[str, Any]) -> None:
    """Make the trained version a candidate; it serves when somebody else has approved it."""
    now = datetime.now(UTC)
    with context.database.begin() as session:
        model = models.model(session, version)
        if model.state != "training":
            return
        model.as_of, model.card, model.artefact_sha256 = as_of, trained.card, trained.sha256
        model.state, model.trained_at, model.lineage = "candidate", now, lineage


def with_outcomes(frame: pl.DataFrame, own: dict[str, bool]) -> pl.DataFrame:
    """Return the labelled rows; an outcome that the bank itself reported counts before one from the import."""
    reported = pl.DataFrame(
        {"enterprise": list(own), "reported": list(own.values())},
        schema={"enterprise": pl.String, "reported": pl.Boolean},
    )
    return (
        frame.join(reported, on="enterprise", how="left")
        .with_columns(pl.coalesce("reported", "defaulted").alias("defaulted"))
        .drop("reported")
        .filter(pl.col("defaulted").is_not_null())
        .sort("enterprise")
    )
