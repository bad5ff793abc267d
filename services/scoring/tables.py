"""The tables of the scoring service; a score keeps what it was made from, so that it can be shown again exactly."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.data import jobs, keys, ledger, presence, schedule
from chassis.data.database import TYPES, metadata


class Base(DeclarativeBase):
    """What the tables of this service share."""

    metadata = metadata()
    type_annotation_map = TYPES


jobs.declare(Base.metadata)
presence.declare(Base.metadata)
schedule.declare(Base.metadata)
keys.declare(Base.metadata)
ledger.declare(Base.metadata)


class Model(Base):
    """A trained model: its version, state and card. After training only the state changes.

    `exception` is why it was approved although it had failed its gate, `terms` what its order declared of default and
    of the level of PDs, `trained_on` the sorted heads of its firms' hashes (`store.models.heads`).
    """

    __tablename__ = "models"

    version: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    client: Mapped[str]
    job: Mapped[str]
    promote: Mapped[bool]
    seed: Mapped[int]
    as_of: Mapped[date | None]
    known_at: Mapped[datetime | None]
    artefact_sha256: Mapped[str | None]
    card: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    trained_at: Mapped[datetime | None]
    promoted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    exception: Mapped[str | None]
    terms: Mapped[dict[str, Any] | None]
    trained_on: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    lineage: Mapped[dict[str, Any] | None]

    # One model serves and one runs in its shadow; the database itself holds this, whatever two at once may do.
    __table_args__ = tuple(
        Index(
            f"uq_models_{state}",
            "state",
            unique=True,
            sqlite_where=text(f"state = '{state}'"),
            postgresql_where=text(f"state = '{state}'"),
        )
        for state in ("serving", "shadow")
    )


class ModelEvent(Base):
    """What was decided about a model, by whom and when: approved, promoted, rolled back, put into the shadow."""

    __tablename__ = "model_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(ForeignKey("models.version"))
    event: Mapped[str]
    client: Mapped[str]
    note: Mapped[str | None]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_model_events_model_id", "model", "id"),)


class Renewal(Base):
    """A score that was given anew because the file behind an earlier one was corrected or a record of it repaired."""

    __tablename__ = "renewals"

    score: Mapped[str] = mapped_column(primary_key=True)
    renews: Mapped[str]
    act: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_renewals_renews", "renews"),)


class RenewalCursor(Base):
    """One row: up to which correction the scores have been renewed."""

    __tablename__ = "renewal_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    after: Mapped[str]


class Batch(Base):
    """An order to score many enterprises with one model, as of one date."""

    __tablename__ = "score_batches"

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    purpose: Mapped[str]
    job: Mapped[str]
    model: Mapped[str] = mapped_column(ForeignKey("models.version"))
    enterprises: Mapped[list[Any] | None]
    as_of: Mapped[date | None]
    known_at: Mapped[datetime]
    withheld: Mapped[int | None]
    created_at: Mapped[datetime]
    counts: Mapped[str | None]
    facts_sha256: Mapped[str | None]

    __table_args__ = (Index("ix_score_batches_client_id", "client", "id"),)


class Score(Base):
    """One stored score. `trace` holds values, points and reasons in the order of the model's legend.

    It also holds what the file's money rests on and the score that does not decide, where these are known. `counts` is
    null for a score of before there was a choice: everything counted. `batch` is set where a batch was stored with a
    row a score, as all were before their parts were.
    """

    __tablename__ = "scores"

    id: Mapped[str] = mapped_column(primary_key=True)
    enterprise: Mapped[str]
    client: Mapped[str]
    purpose: Mapped[str]
    batch: Mapped[str | None] = mapped_column(ForeignKey("score_batches.id"))
    model: Mapped[str] = mapped_column(ForeignKey("models.version"))
    as_of: Mapped[date]
    known_at: Mapped[datetime]
    depth: Mapped[str]
    features_sha256: Mapped[str]
    score: Mapped[int]
    grade: Mapped[str]
    pd: Mapped[float]
    pd_low: Mapped[float]
    pd_high: Mapped[float]
    base_points: Mapped[float]
    trace: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    counts: Mapped[str | None]

    __table_args__ = (
        Index("ix_scores_enterprise_id", "enterprise", "id"),
        # A batch that was killed and taken up again can never store an enterprise twice.
        UniqueConstraint("batch", "enterprise"),
    )


class BatchPart(Base):
    """Some thousand scores of a batch as columns (`store.batch_file`); their ids are `head` and their place.

    Parts are numbered without a gap, so that of two workers that believe to hold the batch one is refused.
    """

    __tablename__ = "score_batch_parts"

    batch: Mapped[str] = mapped_column(ForeignKey("score_batches.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    head: Mapped[str] = mapped_column(unique=True)
    count: Mapped[int]
    client: Mapped[str]
    purpose: Mapped[str]
    model: Mapped[str] = mapped_column(ForeignKey("models.version"))
    shadow: Mapped[str | None] = mapped_column(ForeignKey("models.version"))
    as_of: Mapped[date]
    known_at: Mapped[datetime]
    base_points: Mapped[float]
    created_at: Mapped[datetime]
    counts: Mapped[str | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_score_batch_parts_model_created_at", "model", "created_at"),
        Index("ix_score_batch_parts_shadow", "shadow"),
    )


class BatchSeal(Base):
    """What proves each score of a part: their salts and hashes, and the entry of the ledger that holds the root.

    Beside the part and not in it: the entry's number is known last, and a part is large to write twice.
    """

    __tablename__ = "score_batch_seals"

    head: Mapped[str] = mapped_column(ForeignKey("score_batch_parts.head"), primary_key=True)
    ledger_entry: Mapped[int]
    salts: Mapped[bytes] = mapped_column(LargeBinary)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class BatchIndex(Base):
    """Which scores of a finished batch may be of an enterprise whose hash falls into this bucket."""

    __tablename__ = "score_batch_index"

    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch: Mapped[str] = mapped_column(ForeignKey("score_batches.id"), primary_key=True)
    client: Mapped[str]
    entries: Mapped[bytes] = mapped_column(LargeBinary)


class ShadowScore(Base):
    """What the challenger in the shadow would have said beside a stored score; no answer to a bank ever holds it."""

    __tablename__ = "shadow_scores"

    score: Mapped[str] = mapped_column(ForeignKey("scores.id"), primary_key=True)
    model: Mapped[str] = mapped_column(ForeignKey("models.version"), primary_key=True)
    points: Mapped[int]
    grade: Mapped[str]
    pd: Mapped[float]

    __table_args__ = (Index("ix_shadow_scores_model", "model"),)


class OverlayVersion(Base):
    """A version of the expert rules beside the model: proposed by one, in force once another confirmed it.

    `…_per` is the person who had signed in, null where a program of the client did it.
    """

    __tablename__ = "overlay_versions"

    id: Mapped[str] = mapped_column(primary_key=True)
    rules: Mapped[list[Any]]
    valid_from: Mapped[date]
    note: Mapped[str]
    proposed_by: Mapped[str]
    proposed_per: Mapped[str | None]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_per: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class CountingPolicy(Base):
    """A version of what counts for a client where its orders do not say; null is what is usual here."""

    __tablename__ = "counting_policies"

    client: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counts: Mapped[str | None]
    note: Mapped[str | None]
    set_at: Mapped[datetime]


class Override(Base):
    """The grade that an analyst gave instead of the model's: it stands beside the score, which stays as it was."""

    __tablename__ = "score_overrides"

    id: Mapped[str] = mapped_column(primary_key=True)
    score: Mapped[str]
    client: Mapped[str]
    model: Mapped[str] = mapped_column(ForeignKey("models.version"))
    model_grade: Mapped[str]
    grade: Mapped[str]
    steps: Mapped[int]
    reason: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_score_overrides_score_id", "score", "id"),
        Index("ix_score_overrides_client_created_at", "client", "created_at"),
    )


class BatchRefusal(Base):
    """An enterprise of a batch that could not be scored, and why."""

    __tablename__ = "score_batch_refusals"

    batch: Mapped[str] = mapped_column(ForeignKey("score_batches.id"), primary_key=True)
    enterprise: Mapped[str] = mapped_column(primary_key=True)
    problem: Mapped[dict[str, Any]]


class Evaluation(Base):
    """An order to measure how well training does on labelled firms, and what it found."""

    __tablename__ = "evaluations"

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    job: Mapped[str]
    plan: Mapped[dict[str, Any]]
    table_name: Mapped[str | None]
    table_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    holdout_name: Mapped[str | None]
    holdout_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    result: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class Outcome(Base):
    """What a bank saw happen to a borrower: the latest observation of each bank and enterprise counts."""

    __tablename__ = "outcomes"

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    enterprise: Mapped[str]
    defaulted: Mapped[bool]
    observed_on: Mapped[date]
    known_at: Mapped[datetime]
    definition: Mapped[str | None]
    window_from: Mapped[date | None]
    horizon_months: Mapped[int | None]

    __table_args__ = (Index("ix_outcomes_client_enterprise", "client", "enterprise"),)
