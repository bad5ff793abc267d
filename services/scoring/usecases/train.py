"""Train a model: order it in the request, make it in the worker."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import rfc3339
from chassis.data import jobs
from chassis.data.files import borrowed
from chassis.data.jobs import Job
from services.scoring.clients import FeatureTable, Read
from services.scoring.context import Context
from services.scoring.domain.adjustment import Adjustment
from services.scoring.domain.order import ManyOrder, TrainingOrder
from services.scoring.domain.outcome import Labels, Seen, Terms, described, label
from services.scoring.domain.rating import Ratings
from services.scoring.ml.lineage import code, rows_sha256
from services.scoring.store import models, outcomes
from services.scoring.tables import Model

if TYPE_CHECKING:
    from services.scoring.ml.train import Trained

PURPOSE = "model-training"
JOB = jobs.Kind("train", "trainings")
UNDECLARED = Terms()


def order_training(session: Session, caller: Caller, order: TrainingOrder) -> Model:
    """Write down a new version to be trained, and the job that will train it."""
    version = new_id("mdl")
    now = datetime.now(UTC)
    model = Model(
        version=version,
        state="training",
        client=caller.client,
        job=jobs.order(session, JOB, {"version": version, **_ratings(order), **_blocks(order)}, caller=caller),
        promote=order.promote,
        terms={**asdict(order.terms), **asdict(order.adjustment)},
        seed=secrets.randbelow(2**31) if order.seed is None else order.seed,
        as_of=order.as_of,
        # Fixed at the order, so that training again after a crash sees the same data.
        known_at=order.known_at or now,
        created_at=now,
    )
    session.add(model)
    return model


def _ratings(order: TrainingOrder) -> dict[str, Any]:
    """Return the bank's own grades as part of the job: they go into the card's figures, and no further."""
    return {} if order.ratings is None else {"ratings": order.ratings.as_json()}


def _blocks(order: TrainingOrder) -> dict[str, Any]:
    """Return the blocks of figures that are asked for as part of the job; what became of each is on the card."""
    return {"blocks": sorted(set(order.blocks))} if order.blocks else {}


def train(context: Context, job: Job) -> None:
    """Fetch features and outcomes, train, and register the result; taken up again it does the whole once more."""
    from services.scoring.ml.train import train as learn  # noqa: PLC0415 -- seconds to import, only the worker needs it

    with context.database.read() as session:
        model = models.model(session, job.payload["version"])
    if model.state != "training":
        return
    headers = context.acting_for(model.client, PURPOSE)
    wanted, blocks = ManyOrder(None, model.as_of, model.known_at), job.payload.get("blocks", ())
    book = context.profile.feature_set(wanted, Read.FEATURE_SET, outcomes=True, blocks=blocks, headers=headers)
    with context.database.read() as session:
        own = outcomes.seen_by(session, model.client, model.known_at)
    terms, adjustment = declared_by(model)
    found = with_outcomes(book.heard(), own, book.as_of, terms)
    with borrowed(context.settings.scratch) as folder:
        trained = learn(
            found.frame,
            context.profile.catalogue(headers),
            version=model.version,
            seed=model.seed,
            into=folder,
            definition=described(terms, book.as_of, found.labels),
            adjustment=adjustment,
            ratings=Ratings.from_json(given) if (given := job.payload.get("ratings")) else None,
            as_of=book.as_of,
            blocks=blocks,
            progress=job.progress,
        )
        context.shelf.keep(model.version, folder)
    _register(context, model.version, book.as_of, trained, _lineage(model, book, found.frame, blocks), found.frame)


def declared_by(model: Model) -> tuple[Terms, Adjustment]:
    """Return what a model's order declared of default and of the level of PDs."""
    said = model.terms or {}
    level = Adjustment(
        said.get("central_tendency"),
        said.get("margin_of_conservatism", 0.0),
        said.get("through_the_cycle_shift", 0.0),
    )
    return Terms(said.get("definition"), said.get("horizon_months")), level


def _lineage(model: Model, book: FeatureTable, frame: pl.DataFrame, blocks: Sequence[str]) -> dict[str, Any]:
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
        **({"blocks": list(blocks)} if blocks else {}),
        "code": code(),
    }


def _register(
    context: Context, version: str, as_of: date, trained: Trained, lineage: dict[str, Any], frame: pl.DataFrame
) -> None:
    """Make the trained version a candidate; it serves when somebody else has approved it."""
    now = datetime.now(UTC)
    with context.database.begin() as session:
        model = models.model(session, version)
        if model.state != "training":
            return
        model.as_of, model.card, model.artefact_sha256 = as_of, trained.card, trained.sha256
        model.state, model.trained_at, model.lineage = "candidate", now, lineage
        model.trained_on = models.heads(frame["enterprise"]).tobytes()


@dataclass(frozen=True, slots=True)
class Labelled:
    """Firms with a label, by enterprise, and what is to be told of the labels."""

    frame: pl.DataFrame
    labels: Labels


def with_outcomes(
    frame: pl.DataFrame, own: Mapping[str, Sequence[Seen]], start: date, terms: Terms = UNDECLARED
) -> Labelled:
    """Return the rows with a label under the terms; what the bank itself reported counts before what was imported.

    `own` has all that the bank saw of a firm, the latest last; `start` is the day of the features.
    """
    labels, told = Labels(), []
    for enterprise, defaulted, day in _stated(frame):
        seen = own.get(enterprise) or ([] if defaulted is None else [Seen(defaulted, day, own=False)])
        said = label(seen, terms, start) if seen else None
        if said is not None:
            labels.add(seen[-1], said, start)
        told.append(said if isinstance(said, bool) else None)
    rows = frame.with_columns(pl.Series("defaulted", told, dtype=pl.Boolean)).drop("observed_on", strict=False)
    return Labelled(rows.filter(pl.col("defaulted").is_not_null()).sort("enterprise"), labels)


def _stated(frame: pl.DataFrame) -> Iterator[tuple[str, bool | None, date | None]]:
    day = frame["observed_on"] if "observed_on" in frame.columns else pl.Series([None] * frame.height, dtype=pl.Date)
    return zip(frame["enterprise"].to_list(), frame["defaulted"].to_list(), day.to_list(), strict=True)
