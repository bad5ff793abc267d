"""Score many enterprises as one order: written down in the request, done in the worker, resumed after a crash."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import orjson
import polars as pl
from sqlalchemy.orm import Session

from chassis.core.errors import Refused
from chassis.core.identity import Caller
from chassis.core.ids import new_head, new_id
from chassis.core.problems import describe
from chassis.data import jobs
from chassis.data.jobs import Job
from services.scoring.clients import FeatureTable, Read
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Stamp, no_consent, thin
from services.scoring.domain.contest import Contest
from services.scoring.domain.counting import Counts, counts_of, nothing_confirmed
from services.scoring.domain.errors import BatchNotDone, ConsentEnded, NotEnoughData, NothingConfirmed
from services.scoring.domain.leave import Leave
from services.scoring.domain.order import ManyOrder
from services.scoring.domain.overlay import RuleSet
from services.scoring.domain.reasons import principal_many
from services.scoring.ml.deciding import DecidedMany
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.supposing import suppose_many, supposed_of
from services.scoring.problems import KINDS
from services.scoring.store import batches, counting, models, overlays, repeats, scores
from services.scoring.store.batch_file import REASONS, Part, points_of, written_beside, written_overlays
from services.scoring.tables import Batch, BatchRefusal
from services.scoring.usecases.score_many import THREADS, score_rows, unconfirmed, with_data
from services.scoring.usecases.shadow import Shadow, shadow_of

# As many rows as the explainer takes at once: a part of 40 features is 6 MB.
CHUNK = 8192
JOB = jobs.Kind("score-batch", "batches")


def order_batch(session: Session, caller: Caller, purpose: str, order: ManyOrder, usual: Counts) -> Batch:
    """Write down the order and its job. The serving model is fixed now: a promotion never splits a batch.

    So is what counts where the order does not say: as its client has set it, else as is `usual` here.
    """
    batch_id = new_id("bat")
    now = datetime.now(UTC)
    known_at = order.known_at or now
    batch = Batch(
        id=batch_id,
        client=caller.client,
        purpose=purpose,
        job=jobs.order(session, JOB, {"batch": batch_id}, caller=caller),
        model=models.serving_version(session),
        enterprises=None if order.enterprises is None else sorted(set(order.enterprises)),
        as_of=order.as_of,
        known_at=known_at,
        created_at=now,
        counts=order.counts or counting.usual(session, caller.client, known_at, usual),
    )
    session.add(batch)
    return batch


def run_batch(context: Context, job: Job) -> None:
    """Fetch the features in one call, score them in parts and store each; what is stored is not done again.

    While one part is written down the next ones are scored; a part is told as progress when it would survive a crash.
    """
    with context.database.read() as session:
        batch = batches.batch(session, job.payload["batch"])
        in_rows, names = batches.scored_in_rows(session, batch.id), batches.scored_in_parts(session, batch.id)
        challenger = shadow_of(context, models.shadow_version(session))
        rules = overlays.in_force(session, batch.known_at)
    headers = context.acting_for(batch.client, batch.purpose)
    scorer = context.shelf[batch.model]
    order = ManyOrder(batch.enterprises, batch.as_of, batch.known_at)
    book = context.profile.feature_set(order, Read.NEW_SCORE, blocks=scorer.blocks, headers=headers)
    _note_moment(context, batch, book)
    counts, confirmed = counts_of(batch.counts) or Counts.EVERYTHING, book.confirmed(scorer.features)
    enough, thin_ = with_data(scorer, book)
    alone = unconfirmed(scorer, enough, confirmed) if counts is Counts.CONFIRMED else enough.clear()
    if alone.height:
        enough = enough.filter(~pl.col("enterprise").is_in(alone["enterprise"].to_list()))
    stored = in_rows.union(*names)
    total, done = book.frame.height, len(stored)
    open_ = enough.filter(~pl.col("enterprise").is_in(list(stored))) if stored else enough
    open_, confirmed = suppose_many(scorer, open_), suppose_many(scorer, confirmed)
    score = partial(_part, scorer, challenger, _stamp(batch, book), rules, confirmed, counts)
    for part in _in_turn(score, [open_[start : start + CHUNK] for start in range(0, open_.height, CHUNK)]):
        with context.database.connection(writes=True) as connection:
            batches.add_part(connection, len(names), part)
        names.append(part.frame["enterprise"].to_list())
        done += part.frame.height
        job.progress(done, total)
    with context.database.begin() as session:
        batches.index(session, batch, names)
        batches.note_facts(session, batch.id, book.frame, book.said)
        refused = [*_refusals(batch, book, thin_), *_unconfirmed(alone)]
        batches.replace_refusals(session, batch.id, {each.enterprise: each.problem for each in refused})
    job.progress(total, total)


def _in_turn(work: Callable[[pl.DataFrame], Part], tables: Sequence[pl.DataFrame]) -> Iterator[Part]:
    """Yield what `work` makes of each table, in order, the next few being made meanwhile: the rest would only wait."""
    with ThreadPoolExecutor(THREADS) as pool:
        ahead: deque[Future[Part]] = deque()
        waiting = iter(tables)
        try:
            while True:
                ahead.extend(pool.submit(work, table) for table in islice(waiting, THREADS + 1 - len(ahead)))
                if not ahead:
                    return
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class Readable:
    """A score of a batch that may be read, what the enterprise disputes now, and which score it repeats."""

    assessment: Assessment
    contest: Contest
    repeat_of: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An enterprise of a batch without a score, and the problem that stands against it."""

    enterprise: str
    problem: Mapping[str, Any]


Result: TypeAlias = Readable | Refusal


def results(context: Context, batch_id: str, client: str) -> Iterator[Result]:
    """Yield what came of each enterprise: its score, or the problem that stood against it.

    An enterprise whose consent has ended since is withheld, the read of each other is recorded. That somebody's data
    was not enough is something of its file too.
    """
    with context.database.read() as session:
        batch = batches.batch(session, batch_id, client)
        state = jobs.state_of(session, batch, batch.job).state
        if state != "done":
            raise BatchNotDone(f"The batch is {state}; its results are complete when it is done.")
        in_parts = batches.scored_in_parts(session, batch.id)
        thin_ = [each.enterprise for each in batches.refusals_of(session, batch.id) if _tells_of_file(each)]
        seen = sorted(batches.scored_in_rows(session, batch.id).union(thin_, *in_parts))
    leaves = context.profile.reread(seen, Read.STORED_SCORE, batch.purpose, batch.as_of) if seen else {}
    return _results(context, batch, leaves)


def _results(context: Context, batch: Batch, leaves: Mapping[str, Leave]) -> Iterator[Result]:
    with context.database.read() as session:
        repeat_of = repeats.repeats_of(session, batch)
        for assessment in scores.scores_of_batch(session, batch.id):
            leave = leaves.get(assessment.enterprise)
            yield (
                _withheld(assessment.enterprise)
                if leave is None
                else Readable(assessment, Contest(leave), repeat_of(assessment))
            )
        for refusal in batches.refusals_of(session, batch.id):
            seen = refusal.enterprise in leaves
            yield Refusal(refusal.enterprise, refusal.problem) if seen else _withheld(refusal.enterprise)


def _tells_of_file(refusal: BatchRefusal) -> bool:
    return bool(refusal.problem["type"] != _withheld(refusal.enterprise).problem["type"])


def _note_moment(context: Context, batch: Batch, book: FeatureTable) -> None:
    """Keep the date that the first run got, so that a second run scores as of the same."""
    with context.database.begin() as session:
        row = batches.batch(session, batch.id)
        row.as_of, row.withheld = row.as_of or book.as_of, book.withheld
        batch.as_of = row.as_of


def _stamp(batch: Batch, book: FeatureTable) -> Stamp:
    return Stamp(
        client=batch.client,
        purpose=batch.purpose,
        batch=batch.id,
        model=batch.model,
        as_of=book.as_of,
        known_at=book.known_at,
        created_at=datetime.now(UTC),
        counts=counts_of(batch.counts),
    )


def _part(
    scorer: Scorer,
    challenger: Shadow,
    stamp: Stamp,
    rules: RuleSet | None,
    confirmed: pl.DataFrame,
    counts: Counts,
    rows: pl.DataFrame,
) -> Part:
    """Score rows with data, check each, and put side by side what is kept of them."""
    decided = score_rows(scorer, rows, confirmed, counts)
    scored = decided.scored
    shadow = challenger.beside_many(rows, confirmed, counts)
    heads = {
        "enterprise": rows["enterprise"],
        "depth": decided.depth,
        "features_sha256": decided.sha256,
        "score": scored.score,
        "grade": scored.grade.tolist(),
        "pd": scored.pd,
        "pd_low": scored.pd_low,
        "pd_high": scored.pd_high,
    }
    reasons = principal_many(scored.points)
    values = _values(scorer, rows, decided)
    columns = [pl.DataFrame(heads), pl.DataFrame(reasons, schema=list(REASONS)), values, points_of(scored.points)]
    told = [rows["evidence"]] if rows["evidence"].count() else []
    told += [*written_beside(decided.beside, rows.height), *written_overlays(rules, rows["records"])]
    fuller = supposed_of(rows, confirmed, decided)
    told += [] if fuller is None else [fuller]
    return Part(
        stamp=stamp,
        head=new_head("sco"),
        base_points=scored.base_points,
        shadow=None if shadow is None or challenger.scorer is None else challenger.scorer.version,
        frame=pl.concat([*columns, pl.DataFrame(told), *([] if shadow is None else [shadow])], how="horizontal"),
    )


def _values(scorer: Scorer, rows: pl.DataFrame, decided: DecidedMany) -> pl.DataFrame:
    """Return what the scores were made from as columns: the rows' own where nothing of any is set aside."""
    if decided.beside:
        return pl.DataFrame({f"value {n}": column for n, column in enumerate(decided.values.T)})
    return rows.select(pl.col(name).cast(pl.Float64).alias(f"value {n}") for n, name in enumerate(scorer.features))


def _refusals(batch: Batch, book: FeatureTable, without: pl.DataFrame) -> list[Refusal]:
    # With nobody named everybody who consented was asked for, and nobody is missing.
    unseen = sorted(set(batch.enterprises) - set(book.frame["enterprise"])) if batch.enterprises else []
    return [
        _refusal(enterprise, NotEnoughData(thin(enterprise, book.as_of))) for enterprise in without["enterprise"]
    ] + [_withheld(enterprise) for enterprise in unseen]


def _unconfirmed(rows: pl.DataFrame) -> list[Refusal]:
    said = {
        name: evidence and orjson.loads(evidence) for name, evidence in rows.select("enterprise", "evidence").rows()
    }
    return [_refusal(name, NothingConfirmed(nothing_confirmed(name, evidence))) for name, evidence in said.items()]


def _withheld(enterprise: str) -> Refusal:
    return _refusal(enterprise, ConsentEnded(no_consent(enterprise)))


def _refusal(enterprise: str, refusal: Refused) -> Refusal:
    return Refusal(enterprise, describe(refusal, KINDS))
