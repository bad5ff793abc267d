"""Measure how well training does: repeated stratified cross-validation on the book or on a bank's own table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.data import jobs
from chassis.data.jobs import Job
from services.scoring.clients import Read
from services.scoring.context import Context
from services.scoring.domain.errors import TrainingDataUnusable
from services.scoring.domain.order import BookEvaluation, Declared, Folding, ManyOrder, TableEvaluation
from services.scoring.domain.outcome import Labels, Terms, declared
from services.scoring.domain.rating import Ranks, Rated, Ratings
from services.scoring.ml.labels import labelled
from services.scoring.ml.time_cut import cut_at
from services.scoring.store import evaluations, outcomes
from services.scoring.tables import Evaluation
from services.scoring.usecases.read_table import read_table
from services.scoring.usecases.train import PURPOSE, with_outcomes
from services.scoring.usecases.train import Labelled as WithLabels

# The column that only a feature set has.
MARK = "features_sha256"
JOB = jobs.Kind("evaluate", "trainings")


def order_evaluation(
    session: Session, caller: Caller, folding: Folding, data: BookEvaluation | TableEvaluation, said: Declared
) -> Evaluation:
    """Write down the order, its files and its job, all in the caller's transaction."""
    evaluation_id = new_id("evl")
    now = datetime.now(UTC)
    evaluation = Evaluation(
        id=evaluation_id,
        client=caller.client,
        job=jobs.order(session, JOB, {"evaluation": evaluation_id}, caller=caller),
        plan={"known_at": now.isoformat(), **asdict(folding), **_plan(data), "declared": _meaning(said)},
        created_at=now,
    )
    if isinstance(data, TableEvaluation):
        _keep_files(evaluation, data)
    session.add(evaluation)
    return evaluation


def _meaning(said: Declared) -> dict[str, Any]:
    return {**asdict(said.terms), "label_date": said.label_date and said.label_date.isoformat()}


def _declared(plan: Mapping[str, Any]) -> Declared:
    """Return what an order declares; one of before there was a word for it declares nothing."""
    said = plan.get("declared", {})
    day = said.get("label_date")
    return Declared(
        Terms(said.get("definition"), said.get("horizon_months")), None if day is None else date.fromisoformat(day)
    )


def _plan(data: BookEvaluation | TableEvaluation) -> dict[str, Any]:
    """Return what is kept of an order as JSON; files are kept beside it."""
    if isinstance(data, TableEvaluation):
        columns = {"label": data.label, "drop": list(data.drop), "time": data.time, "cut": data.cut}
        return {**columns, "rating": data.rating, "grades": list(data.grades)}
    return {**asdict(data), "as_of": data.as_of and data.as_of.isoformat()}


def _keep_files(evaluation: Evaluation, data: TableEvaluation) -> None:
    evaluation.table_name, evaluation.table_body = data.table.name, data.table.body
    if data.holdout is not None:
        evaluation.holdout_name, evaluation.holdout_body = data.holdout.name, data.holdout.body


def run_evaluation(context: Context, job: Job) -> None:
    """Carry an evaluation out and keep its result; the plan fixes data and seed, so a repeat finds the same."""
    from services.scoring.ml.evaluate import evaluate  # noqa: PLC0415 -- seconds to import, only the worker needs it

    with context.database.read() as session:
        order = evaluations.evaluation(session, job.payload["evaluation"])
    data = _from_tables(context, order) if order.table_body is not None else _from_book(context, order)
    result = evaluate(
        data.frame,
        data.label,
        data.catalogue,
        folds=order.plan["folds"],
        repeats=order.plan["repeats"],
        seed=order.plan["seed"],
        holdout=data.holdout,
        ranks=data.ranks,
        progress=job.progress,
    )
    said = _declared(order.plan)
    result["definition"] = declared(said.terms, said.label_date, data.start, data.labels)
    if data.cut is not None:
        result["time_cut"] = data.cut
    with context.database.begin() as session:
        evaluations.evaluation(session, order.id).result = result


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is evaluated: labelled rows, the label's column, and the catalogue where the features are ours.

    `cut` tells where a table was cut by time; its later rows are then the holdout. Of the book's firms `start` is the
    day of their features, and `labels` what is to be told of their outcomes. `ranks` are a bank's own grades
    of the labelled rows of a table.
    """

    frame: pl.DataFrame
    label: str
    catalogue: list[dict[str, Any]] | None
    holdout: pl.DataFrame | None
    cut: dict[str, Any] | None = None
    start: date | None = None
    labels: Labels | None = None
    ranks: Ranks | None = None


def _from_tables(context: Context, order: Evaluation) -> Labelled:
    drop = order.plan["drop"]
    given = [
        read_table(name, body)
        for name, body in ((order.table_name, order.table_body), (order.holdout_name, order.holdout_body))
        if name is not None and body is not None
    ]
    # A misspelt column would stay in and tell the outcome; a holdout may lack some.
    if absent := [column for column in drop if column not in given[0].columns]:
        raise TrainingDataUnusable(
            f"there is no column {absent[0]!r} to leave out; the columns are {', '.join(given[0].columns[:40])}",
            drop=absent,
        )
    catalogue = _catalogue_of(context, order, given[0])
    tables = [table.drop(drop, strict=False) for table in given]
    if order.plan.get("time") is not None:
        found = _cut(tables[0], order.plan, catalogue)
    else:
        found = Labelled(tables[0], order.plan["label"], catalogue, tables[1] if len(tables) > 1 else None)
    return found if order.plan.get("rating") is None else _rated(found, order.plan)


def _rated(found: Labelled, plan: Mapping[str, Any]) -> Labelled:
    """Return the same without the column of a bank's grades, and these beside it."""
    column, grades = plan["rating"], plan["grades"]
    if column not in found.frame.columns:
        raise TrainingDataUnusable(f"there is no column {column!r} with a rating", rating=column)
    known, _ = labelled(found.frame, found.label)
    given = known[column].cast(pl.String).str.strip_chars().fill_null("").to_list()
    if strange := sorted(set(given) - {*grades, ""}):
        said = f"the rating {column!r} holds {strange[:5]}, which are none of the grades {', '.join(grades)}"
        raise TrainingDataUnusable(said, rating=column)
    rows = [str(row) for row in range(len(given))]
    ratings = Ratings(grades, {row: Rated(grade) for row, grade in zip(rows, given, strict=True) if grade})
    holdout = None if found.holdout is None else found.holdout.drop(column, strict=False)
    return replace(found, frame=found.frame.drop(column), holdout=holdout, ranks=ratings.of(rows))


def _cut(table: pl.DataFrame, plan: Mapping[str, Any], catalogue: list[dict[str, Any]] | None) -> Labelled:
    """Return a table as its rows before the cut, with the later ones as the holdout."""
    parts = cut_at(table, plan["time"], plan["cut"])
    told = {
        "column": plan["time"],
        "cut": plan["cut"],
        "before": parts.before.height,
        "after": parts.after.height,
        "undated": parts.undated,
    }
    return Labelled(parts.before, plan["label"], catalogue, parts.after, told)


def _catalogue_of(context: Context, order: Evaluation, table: pl.DataFrame) -> list[dict[str, Any]] | None:
    """Return the catalogue of a table that is a feature set of ours; its directions then bind as they do in training.

    A feature set tells itself by the digest of each row's features; one of an older catalogue is a table like any.
    """
    if MARK not in table.columns:
        return None
    features: list[dict[str, Any]] = context.profile.catalogue(context.acting_for(order.client, PURPOSE))["features"]
    left = set(table.columns) - set(order.plan["drop"])
    offered = {feature["name"] for feature in features if feature.get("model", True)}
    return features if offered <= left else None


def _from_book(context: Context, order: Evaluation) -> Labelled:
    headers = context.acting_for(order.client, PURPOSE)
    known_at = datetime.fromisoformat(order.plan["known_at"])
    as_of = date.fromisoformat(order.plan["as_of"]) if order.plan.get("as_of") else None
    with context.database.read() as session:
        own = outcomes.seen_by(session, order.client, known_at)

    terms = _declared(order.plan).terms

    def of(enterprises: Sequence[str] | None) -> tuple[WithLabels, date]:
        book = context.profile.feature_set(
            ManyOrder(enterprises, as_of, known_at), Read.FEATURE_SET, outcomes=True, headers=headers
        )
        return with_outcomes(book.heard(), own, book.as_of, terms), book.as_of

    catalogue = context.profile.catalogue(headers)["features"]
    holdout = order.plan.get("holdout_enterprises")
    found, start = of(order.plan.get("enterprises"))
    other = of(holdout)[0].frame if holdout else None
    return Labelled(found.frame, "defaulted", catalogue, other, start=start, labels=found.labels)
