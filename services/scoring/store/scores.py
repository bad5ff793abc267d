"""Rows of scores and of what is said about them, and the domain values that they stand for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import numpy as np
import orjson
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from chassis.core.ids import numbered
from chassis.data import ledger
from chassis.data.database import Runner
from chassis.data.ledger import store as ledger_store
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.counting import Beside, counts_of
from services.scoring.domain.errors import ScoreNotFound
from services.scoring.domain.fuller import Fuller
from services.scoring.domain.reasons import MOST_REASONS
from services.scoring.store import batch_file, batches
from services.scoring.tables import (
    BatchPart,
    Score,
    ShadowScore,
)

HEADS = (
    "id", "enterprise", "client", "purpose", "batch", "model", "as_of", "known_at", "depth", "features_sha256",
    "score", "grade", "pd", "pd_low", "pd_high", "base_points", "created_at", "counts",
)  # fmt: skip
PACKED = b"\x01"  # JSON never begins with it; batches that were stored with a row a score have such traces
PAIRED = ("enterprise", "score", "grade", "pd")
_insert_score = insert(cast("Table", Score.__table__))
_insert_shadow_score = insert(cast("Table", ShadowScore.__table__))


def add_scores(runner: Runner, assessments: Iterable[Assessment]) -> None:
    """Insert assessments in one statement, and enter each in the ledger."""
    made = [(_row(assessment), assessment.file_sha256) for assessment in assessments]
    runner.execute(_insert_score, [row for row, _ in made])
    ledger.append(runner, [_score_entry(row, file_sha256) for row, file_sha256 in made])


def _score_entry(row: Mapping[str, Any], file_sha256: str) -> ledger.Entry:
    """Return what is entered of a score: its model and the digests of what it was made from and of what it is made of.

    Who else may read the firm's file finds the same digests, and would know the firm by them: they are sealed. Of the
    features it is the digest of the whole file, whichever reading decides: partners' files have no part in it.
    """
    facts = {"score": row["id"], "model": row["model"], "purpose": row["purpose"], "counts": row["counts"]}
    sealed = {"features_sha256": file_sha256, "trace_sha256": hashlib.sha256(row["trace"]).hexdigest()}
    return ledger.Entry("score", row["enterprise"], row["client"], facts, sealed)


def _unpacked(trace: bytes) -> dict[str, Any]:
    """Return values, points and reasons of a trace, packed or JSON; of JSON also the rest that it may hold."""
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
    found = batches.score_of_part(session, score_id) if row is None else assessment(row)
    if found is None:
        raise ScoreNotFound(f"There is no score {score_id}, or it is not yours to read.")
    return found


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
    in_batches = [each for each in batches.ids_of(session, enterprise, client) if before is None or each < before]
    found: list[Assessment] = []
    for each in sorted({*alone, *in_batches}, reverse=True):
        one = assessment(alone[each]) if each in alone else score(session, each)
        # Two names may share a hash; the other one's scores are nobody's business here.
        found += [one] if one.enterprise == enterprise else []
        if len(found) == most:
            break
    return found


def scores_of_batch(session: Session, batch_id: str, chunk: int = 1000) -> Iterator[Assessment]:
    """Yield a batch's assessments, a part at a time, so that a large batch never fills the memory."""
    yield from _scores_in_rows(session, batch_id, chunk)
    for each in batches.parts_of_batch(session, batch_id):
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
    heads, trace = {name: getattr(row, name) for name in HEADS}, _unpacked(row.trace)
    beside, fuller, _ = (trace.pop(name, None) for name in ("beside", "fuller", "salt"))
    heads["counts"] = counts_of(heads["counts"])
    return Assessment(
        **heads,
        **trace,
        beside=None if beside is None else Beside.from_json(beside),
        fuller=None if fuller is None else Fuller.from_json(fuller),
    )


def _row(assessment: Assessment) -> dict[str, Any]:
    row = {name: getattr(assessment, name) for name in HEADS}
    trace: dict[str, Any] = {"values": assessment.values, "points": assessment.points, "reasons": assessment.reasons}
    if assessment.evidence is not None:
        trace["evidence"] = assessment.evidence
    if assessment.beside is not None:
        trace["beside"] = assessment.beside.as_json()
    if assessment.beside is not None or "subject" in (assessment.evidence or {}).get("by_channel", ()):
        # The firm may open the seal of the digest: without this it could try out what partners' files confirm.
        trace["salt"] = secrets.token_hex(16)
    if assessment.overlay is not None:
        trace["overlay"] = assessment.overlay
    if assessment.fuller is not None:
        trace["fuller"] = assessment.fuller.as_json()
    row["trace"] = orjson.dumps(trace)
    return row


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
        frame = batch_file.read(row.body, [*PAIRED, *batch_file.SHADOW.values()])
        columns = frame.rename({stored: name for name, stored in batch_file.SHADOW.items()}).to_dicts()
        pairs += [
            {"id": numbered(row.head, place), "model": row.model, **each}
            for place, each in enumerate(columns)
            if each["points"] is not None
        ]
    return sorted(pairs, key=lambda pair: str(pair["id"]))


def entry_of(session: Session, assessment: Assessment) -> int | None:
    """Return the number of the entry that tells of a score of its own; None where there is none, or it is forgotten."""
    # An override names the score too, later.
    return min(ledger_store.numbers_about(session, assessment.enterprise, [assessment.id]), default=None)


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
    count = 0
    for row in session.scalars(in_parts.order_by(BatchPart.head.desc()).execution_options(yield_per=1)):
        found += batches.part(row).assessments()
        count += row.count
        if count >= most:
            break
    return sorted(found, key=lambda each: each.id)[-most:]
