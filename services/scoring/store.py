"""Rows of the scoring database, and the domain values that they stand for."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import numpy as np
import orjson
from sqlalchemy import Connection, Table, delete, exists, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from chassis import ledger
from chassis.database import Runner
from chassis.ids import new_id, numbered, parted
from chassis.ledger import store as ledger_store
from services.scoring import parts
from services.scoring.domain import leaf
from services.scoring.domain.assessment import STAMP, Assessment, Stamp, rfc3339, stamped
from services.scoring.domain.errors import (
    BatchNotFound,
    EvaluationNotFound,
    ModelNotFound,
    NoServingModel,
    ScoreNotFound,
)
from services.scoring.domain.leaf import Seals
from services.scoring.domain.reasons import MOST_REASONS
from services.scoring.parts import Part
from services.scoring.tables import (
    Batch,
    BatchIndex,
    BatchPart,
    BatchRefusal,
    BatchSeal,
    Evaluation,
    Model,
    ModelEvent,
    Outcome,
    Override,
    Renewal,
    RenewalCursor,
    Score,
    ShadowScore,
)

HEADS = (
    "id", "enterprise", "client", "purpose", "batch", "model", "as_of", "known_at", "depth", "features_sha256",
    "score", "grade", "pd", "pd_low", "pd_high", "base_points", "created_at",
)  # fmt: skip
PACKED = b"\x01"  # JSON never begins with it; batches that were stored with a row a score have such traces
PAIRED = ("enterprise", "score", "grade", "pd")
IN_ONE_QUESTION = 500
_insert_score = insert(cast("Table", Score.__table__))
_insert_part = insert(cast("Table", BatchPart.__table__))
_insert_seal = insert(cast("Table", BatchSeal.__table__))
_models = cast("Table", Model.__table__)
_serving = select(_models.c.version).where(_models.c.state == "serving")
_shadow = select(_models.c.version).where(_models.c.state == "shadow")
_at_work = select(_models.c.state, _models.c.version).where(_models.c.state.in_(("serving", "shadow")))
_insert_shadow_score = insert(cast("Table", ShadowScore.__table__))


# -- scores ------------------------------------------------------------------------------------------------------


def add_scores(runner: Runner, assessments: Iterable[Assessment]) -> None:
    """Insert assessments in one statement, and enter each in the ledger."""
    rows = [_row(assessment) for assessment in assessments]
    runner.execute(_insert_score, rows)
    ledger.append(runner, [_score_entry(row) for row in rows])


def _score_entry(row: Mapping[str, Any]) -> ledger.Entry:
    """What is entered of a score: its model and the digests of what it was made from and of what it is made of.

    Who else may read the firm's file finds the same digests, and would know the firm by them: they are sealed.
    """
    facts = {"score": row["id"], "model": row["model"], "purpose": row["purpose"]}
    sealed = {"features_sha256": row["features_sha256"], "trace_sha256": hashlib.sha256(row["trace"]).hexdigest()}
    return ledger.Entry("score", row["enterprise"], row["client"], facts, sealed)


def _unpacked(trace: bytes) -> dict[str, Any]:
    """Return values, points and reasons of a trace, packed or JSON."""
    if trace[:1] != PACKED:
        found: dict[str, Any] = orjson.loads(trace)
        return found
    reasons_end = 1 + 2 * MOST_REASONS
    reasons = np.frombuffer(trace[1:reasons_end], "<i2").tolist()
    values, points = np.frombuffer(trace[reasons_end:], "<f8").reshape(2, -1).tolist()
    return {
        "values": [None if value != value else value for value in values],  # noqa: PLR0124 -- NaN
        "points": points,
        "reasons": [position for position in reasons if position >= 0],
    }


def score(session: Session, score_id: str) -> Assessment:
    """Return one assessment, of an order of its own or of a batch; raise `ScoreNotFound`."""
    row = session.get(Score, score_id)
    found = _score_of_part(session, score_id) if row is None else assessment(row)
    if found is None:
        raise ScoreNotFound(f"There is no score {score_id}, or it is not yours to read.")
    return found


def _score_of_part(session: Session, score_id: str) -> Assessment | None:
    head, place = parted(score_id)
    row = session.scalars(select(BatchPart).where(BatchPart.head == head)).one_or_none()
    return part(row).assessment(place) if row is not None and 0 <= place < row.count else None


def scores_of(session: Session, enterprise: str, client: str | None, before: str | None, most: int) -> list[Assessment]:
    """Return an enterprise's scores, the newest first: at most so many, only older ids than `before` where given.

    Only those that `client` ordered where one is given.
    """
    query = select(Score).where(Score.enterprise == enterprise)
    if client is not None:
        query = query.where(Score.client == client)
    if before is not None:
        query = query.where(Score.id < before)
    alone = {row.id: row for row in session.scalars(query.order_by(Score.id.desc()).limit(most))}
    in_batches = [each for each in _ids_in_batches(session, enterprise, client) if before is None or each < before]
    found: list[Assessment] = []
    for each in sorted({*alone, *in_batches}, reverse=True):
        one = assessment(alone[each]) if each in alone else score(session, each)
        # Two names may share a hash; the other one's scores are nobody's business here.
        found += [one] if one.enterprise == enterprise else []
        if len(found) == most:
            break
    return found


def _ids_in_batches(session: Session, enterprise: str, client: str | None) -> list[str]:
    """Return the ids of the scores in finished batches that may be of this enterprise."""
    bucket, hashed = parts.bucket_of(enterprise)
    query = select(BatchIndex.batch, BatchIndex.entries).where(BatchIndex.bucket == bucket)
    if client is not None:
        query = query.where(BatchIndex.client == client)
    found = [(batch, *each) for batch, entries in session.execute(query) for each in parts.places(entries, hashed)]
    heads: dict[tuple[str, int], str] = {}
    for start in range(0, len(found), IN_ONE_QUESTION):
        asked = [(batch, number) for batch, number, _ in found[start : start + IN_ONE_QUESTION]]
        rows = session.execute(
            select(BatchPart.batch, BatchPart.number, BatchPart.head).where(
                tuple_(BatchPart.batch, BatchPart.number).in_(asked)
            )
        )
        heads |= {(batch, number): head for batch, number, head in rows}
    return [numbered(heads[batch, number], place) for batch, number, place in found]


def scores_of_batch(session: Session, batch_id: str, chunk: int = 1000) -> Iterator[Assessment]:
    """Yield a batch's assessments, a part at a time, so that a large batch never fills the memory."""
    yield from _scores_in_rows(session, batch_id, chunk)
    for each in parts_of_batch(session, batch_id):
        yield from each.assessments()


def _scores_in_rows(session: Session, batch_id: str, chunk: int) -> Iterator[Assessment]:
    last = ""
    while True:
        query = select(Score).where(Score.batch == batch_id, Score.enterprise > last)
        found = [assessment(row) for row in session.scalars(query.order_by(Score.enterprise).limit(chunk))]
        session.expunge_all()
        yield from found
        if len(found) < chunk:
            return
        last = found[-1].enterprise


def assessment(row: Score) -> Assessment:
    """Return what a row stands for."""
    return Assessment(**{name: getattr(row, name) for name in HEADS}, **_unpacked(row.trace))


def _row(assessment: Assessment) -> dict[str, Any]:
    row = {name: getattr(assessment, name) for name in HEADS}
    trace = {"values": assessment.values, "points": assessment.points, "reasons": assessment.reasons}
    row["trace"] = orjson.dumps(trace)
    return row


# -- models ------------------------------------------------------------------------------------------------------


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


def model(session: Session, version: str, *, lock: bool = False) -> Model:
    """Return a model's row; raise `ModelNotFound`."""
    found = session.get(Model, version, with_for_update=True if lock else None)
    if found is None:
        raise ModelNotFound(f"There is no model {version}; GET /v1/models lists them.")
    return found


def shadow_version(runner: Runner) -> str | None:
    """Return the version of the challenger that runs in the shadow, if there is one."""
    version: str | None = runner.execute(_shadow).scalar()
    return version


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


def add_shadow_scores(runner: Runner, rows: Sequence[dict[str, Any]]) -> None:
    """Insert what the challenger said beside stored scores."""
    if rows:
        runner.execute(_insert_shadow_score, list(rows))


def shadow_pairs(session: Session, version: str) -> list[dict[str, Any]]:
    """Return points, grade and PD of champion and challenger, one row a score that both gave."""
    query = (
        select(
            Score.id, Score.model, Score.enterprise, Score.score, Score.grade, Score.pd,
            ShadowScore.points, ShadowScore.grade.label("shadow_grade"), ShadowScore.pd.label("shadow_pd"),
        )
        .join(ShadowScore, ShadowScore.score == Score.id)
        .where(ShadowScore.model == version)
    )  # fmt: skip
    pairs = [row._asdict() for row in session.execute(query)]
    in_parts = select(BatchPart).where(BatchPart.shadow == version).execution_options(yield_per=1)
    for row in session.scalars(in_parts):
        frame = parts.read(row.body, [*PAIRED, *parts.SHADOW.values()])
        columns = frame.rename({stored: name for name, stored in parts.SHADOW.items()}).to_dicts()
        pairs += [{"id": numbered(row.head, place), "model": row.model, **each} for place, each in enumerate(columns)]
    return sorted(pairs, key=lambda pair: str(pair["id"]))


# -- renewals ----------------------------------------------------------------------------------------------------


def renewed_up_to(session: Session) -> str | None:
    """Return the id of the last correction that scores were renewed for; None before the first look."""
    return session.scalar(select(RenewalCursor.after))


def renewed(session: Session, before: str | None, now: str) -> bool:
    """Note that scores were renewed up to a correction; False where another worker has noted more since `before`."""
    if before is None:
        session.add(RenewalCursor(id=1, after=now))
        session.flush()
        return True
    moved = update(RenewalCursor).where(RenewalCursor.after == before).values(after=now)
    return bool(session.execute(moved).rowcount)  # type: ignore[attr-defined]


def last_score_since(session: Session, enterprise: str, client: str, since: datetime) -> Assessment | None:
    """Return the last score that a client had of an enterprise since a moment, of an order of its own or of a batch."""
    found = scores_of(session, enterprise, client, None, 1)
    return found[0] if found and found[0].created_at >= since else None


def add_renewal(session: Session, score_id: str, renews: str, act: str, at: datetime) -> None:
    """Note which score was given anew for which, and by which correction."""
    session.add(Renewal(score=score_id, renews=renews, act=act, at=at))


def renewal_of(session: Session, score_id: str) -> str | None:
    """Return the latest score that was given anew for this one."""
    query = select(Renewal.score).where(Renewal.renews == score_id).order_by(Renewal.score.desc())
    return session.scalar(query.limit(1))


# -- overrides ---------------------------------------------------------------------------------------------------


def override_of(session: Session, score_id: str) -> Override | None:
    """Return the latest override of a score."""
    query = select(Override).where(Override.score == score_id).order_by(Override.id.desc())
    return session.scalars(query.limit(1)).one_or_none()


def overrides_of(session: Session, score_ids: Sequence[str]) -> dict[str, Override]:
    """Return the latest override of each of these scores that has one."""
    query = select(Override).where(Override.score.in_(score_ids)).order_by(Override.id)
    return {row.score: row for row in session.scalars(query)}


def override_counts(
    session: Session, client: str, since: datetime, until: datetime, model: str | None = None
) -> dict[str, Any]:
    """Return how many of a client's single scores of a period were overridden: what a drift report divides.

    `{"scores", "overridden", "up", "down", "by_reason": {reason: n}}`; the latest override of a score counts, up is
    towards a better grade.
    """
    made = [Score.client == client, Score.created_at >= since, Score.created_at < until, Score.batch.is_(None)]
    if model is not None:
        made.append(Score.model == model)
    scores = session.scalar(select(func.count()).select_from(Score).where(*made)) or 0
    latest = select(func.max(Override.id)).group_by(Override.score)
    query = select(Override.reason, Override.steps).join(Score, Score.id == Override.score)
    rows = session.execute(query.where(*made, Override.id.in_(latest))).all()
    return {
        "scores": scores,
        "overridden": len(rows),
        "up": sum(steps > 0 for _, steps in rows),
        "down": sum(steps < 0 for _, steps in rows),
        "by_reason": dict(Counter(reason for reason, _ in rows)),
    }


# -- batches -----------------------------------------------------------------------------------------------------


def batch(session: Session, batch_id: str, client: str | None = None) -> Batch:
    """Return a batch, only the client's own where one is given; raise `BatchNotFound`."""
    found = session.get(Batch, batch_id)
    if found is None or (client is not None and found.client != client):
        raise BatchNotFound(f"There is no batch {batch_id}, or it is not yours to read.")
    return found


def scored_in_rows(session: Session, batch_id: str) -> set[str]:
    """Return the enterprises of a batch whose score has a row of its own: it began before there were parts."""
    return set(session.scalars(select(Score.enterprise).where(Score.batch == batch_id)))


def scored_in_parts(session: Session, batch_id: str) -> list[list[str]]:
    """Return the enterprises of each stored part of a batch, in the order of the parts."""
    query = select(BatchPart.body).where(BatchPart.batch == batch_id).order_by(BatchPart.number)
    bodies = session.scalars(query.execution_options(yield_per=1))
    return [parts.read(body, ["enterprise"])["enterprise"].to_list() for body in bodies]


def add_part(connection: Connection, number: int, part: Part) -> None:
    """Store a part of a batch; `IntegrityError` where another worker has stored one of this number.

    All its scores are one entry of the ledger, by the root over them: each can be proved by itself.
    """
    seals = leaf.seal(part.head, part.frame, parts.numbers(part.frame, "point"), part.base_points)
    connection.execute(
        _insert_part,
        {
            **stamped(part.stamp),
            "number": number,
            "head": part.head,
            "count": part.frame.height,
            "shadow": part.shadow,
            "base_points": part.base_points,
            "body": parts.written(part.frame),
        },
    )
    [number] = ledger.append(connection, [_part_entry(part, seals)])
    connection.execute(
        _insert_seal, {"head": part.head, "ledger_entry": number, "salts": seals.salts, "hashes": seals.hashes}
    )


def _part_entry(part: Part, seals: Seals) -> ledger.Entry:
    same = part.stamp
    facts = {"scores": part.head, "count": part.frame.height, "model": same.model, "purpose": same.purpose}
    facts |= {"as_of": same.as_of.isoformat(), "known_at": rfc3339(same.known_at)}
    facts |= {"root": seals.root.hex(), "group": leaf.GROUP}
    return ledger.Entry("score-batch", None, same.client, facts)


def seals_of(session: Session, assessment: Assessment) -> tuple[int, int, Seals] | None:
    """Return the number of the entry that a score of a batch is under, its place there, and the seals of its part.

    None for a score of its own, and for one of a batch from before there were seals.
    """
    head, place = parted(assessment.id)
    row = session.get(BatchSeal, head) if assessment.batch is not None else None
    return None if row is None else (row.ledger_entry, place, Seals(row.salts, row.hashes))


def entry_of(session: Session, assessment: Assessment) -> int | None:
    """Return the number of the entry that tells of a score of its own; None where there is none, or it is forgotten."""
    # An override names the score too, later.
    return min(ledger_store.numbers_about(session, assessment.enterprise, [assessment.id]), default=None)


def part(row: BatchPart) -> Part:
    """Return what a row stands for."""
    stamp = Stamp(**{name: getattr(row, name) for name in STAMP})
    return Part(stamp, row.head, row.base_points, row.shadow, parts.read(row.body))


def parts_of_batch(session: Session, batch_id: str) -> Iterator[Part]:
    """Yield the parts of a batch, one in the memory at a time."""
    query = select(BatchPart).where(BatchPart.batch == batch_id).order_by(BatchPart.number)
    for row in session.scalars(query.execution_options(yield_per=1)):
        yield part(row)
        session.expunge(row)


def index_batch(session: Session, batch: Batch, names: Sequence[Sequence[str]]) -> None:
    """Write down where each enterprise of a batch is found; `names` has those of each part."""
    session.execute(delete(BatchIndex).where(BatchIndex.batch == batch.id))
    rows = [
        {"bucket": bucket, "batch": batch.id, "client": batch.client, "entries": entries}
        for bucket, entries in parts.index(list(enumerate(names))).items()
    ]
    if rows:
        session.execute(insert(BatchIndex), rows)


def batch_refusals(session: Session, batch_id: str) -> list[BatchRefusal]:
    """Return the enterprises that a batch could not score, by enterprise."""
    query = select(BatchRefusal).where(BatchRefusal.batch == batch_id).order_by(BatchRefusal.enterprise)
    return list(session.scalars(query))


def replace_batch_refusals(session: Session, batch_id: str, refusals: Sequence[dict[str, Any]]) -> None:
    """Write a batch's refusals anew, so that a repeated run does not double them."""
    session.execute(delete(BatchRefusal).where(BatchRefusal.batch == batch_id))
    if refusals:
        session.execute(insert(BatchRefusal), [{"batch": batch_id, **refusal} for refusal in refusals])


def batch_counts(session: Session, batch_id: str) -> tuple[int, int]:
    """Return how many enterprises of a batch were scored and how many refused."""
    rows = session.scalar(select(func.count()).select_from(Score).where(Score.batch == batch_id))
    in_parts = session.scalar(select(func.sum(BatchPart.count)).where(BatchPart.batch == batch_id))
    refused = session.scalar(select(func.count()).select_from(BatchRefusal).where(BatchRefusal.batch == batch_id))
    return (rows or 0) + int(in_parts or 0), refused or 0


# -- evaluations and outcomes ------------------------------------------------------------------------------------


def evaluation(session: Session, evaluation_id: str, client: str | None = None) -> Evaluation:
    """Return an evaluation, only the client's own where one is given; raise `EvaluationNotFound`."""
    found = session.get(Evaluation, evaluation_id)
    if found is None or (client is not None and found.client != client):
        raise EvaluationNotFound(f"There is no evaluation {evaluation_id}, or it is not yours to read.")
    return found


def outcomes(session: Session, client: str, known_at: datetime | None) -> dict[str, bool]:
    """Return what `client` saw of each borrower by a moment: its latest observation counts."""
    query = select(Outcome.enterprise, Outcome.defaulted).where(Outcome.client == client)
    if known_at is not None:
        query = query.where(Outcome.known_at <= known_at)
    rows = session.execute(query.order_by(Outcome.observed_on, Outcome.id))
    return {enterprise: defaulted for enterprise, defaulted in rows}  # noqa: C416 -- later rows replace earlier ones


def observations(session: Session, client: str) -> list[Outcome]:
    """Return all that `client` saw of its borrowers, the latest of each last."""
    query = select(Outcome).where(Outcome.client == client).order_by(Outcome.observed_on, Outcome.id)
    return list(session.scalars(query))


# -- drift -------------------------------------------------------------------------------------------------------


def scores_of_model(
    session: Session, version: str, client: str | None, since: datetime, until: datetime, most: int
) -> list[Assessment]:
    """Return the newest scores of a model in a period, at most so many, in the order that they were made.

    Only those that `client` ordered where one is given.
    """
    rows = select(Score).where(Score.model == version, Score.created_at >= since, Score.created_at < until)
    in_parts = select(BatchPart).where(
        BatchPart.model == version, BatchPart.created_at >= since, BatchPart.created_at < until
    )
    if client is not None:
        rows, in_parts = rows.where(Score.client == client), in_parts.where(BatchPart.client == client)
    found = [assessment(row) for row in session.scalars(rows.order_by(Score.id.desc()).limit(most))]
    told = 0
    for row in session.scalars(in_parts.order_by(BatchPart.head.desc()).execution_options(yield_per=1)):
        found += part(row).assessments()
        told += row.count
        if told >= most:
            break
    return sorted(found, key=lambda each: each.id)[-most:]
