"""The tables of the matching service; a match keeps what it was made from, so that it can be shown again exactly."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.data import jobs, keys, ledger, presence, schedule
from chassis.data.database import TYPES, metadata


class Base(DeclarativeBase):
    """What the tables of this service share."""

    metadata = metadata()
    type_annotation_map = TYPES


keys.declare(Base.metadata)
jobs.declare(Base.metadata)
presence.declare(Base.metadata)
schedule.declare(Base.metadata)
ledger.declare(Base.metadata)


class JobOrder:
    """The columns of an order that a durable job does: from the facts of one date, as known when it was ordered."""

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    job: Mapped[str] = mapped_column(unique=True)
    as_of: Mapped[date | None]
    known_at: Mapped[datetime]
    created_at: Mapped[datetime]


class ProductVersion(Base):
    """One published version of a product; never changed."""

    __tablename__ = "product_versions"

    product: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str]
    document: Mapped[dict[str, Any]]
    valid_from: Mapped[date]
    published_at: Mapped[datetime]


class StoredMatch(Base):
    """One answered need. `answer` is what was shown, `facts` what was known and used, `products` which versions."""

    __tablename__ = "matches"

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    enterprise: Mapped[str]
    as_of: Mapped[date]
    known_at: Mapped[datetime]
    catalogue: Mapped[str]
    model: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    products: Mapped[dict[str, Any]]
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_matches_enterprise_id", "enterprise", "id"),
        Index("ix_matches_client_id", "client", "id"),
    )


class Batch(JobOrder, Base):
    """An order to match many enterprises with one need."""

    __tablename__ = "match_batches"

    enterprises: Mapped[list[Any] | None]
    need: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_match_batches_client_id", "client", "id"),)


class BatchPart(Base):
    """Some hundred lines of a batch's results, compressed (zlib), with the enterprises they speak of.

    `made_from` is the digest of all that the lines follow from; null for enterprises that may not be read.
    """

    __tablename__ = "match_batch_parts"

    batch: Mapped[str] = mapped_column(ForeignKey("match_batches.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    enterprises: Mapped[list[Any]]
    lines: Mapped[bytes] = mapped_column(LargeBinary)
    made_from: Mapped[str | None]


class ChurnCurves(Base):
    """A bank's churn curves as it imported them; the newest counts, the older say what earlier plans were made from."""

    __tablename__ = "churn_curves"

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_churn_curves_client_id", "client", "id"),)


class Plan(JobOrder, Base):
    """An order to divide something over many enterprises (`kind`: allocation, assignment or dry-run), and its answer.

    `product` is the one that a dry run is of, null for other kinds. `answer` is the compressed JSON (zlib), with every
    enterprise that it was made from; null until the job is done.
    """

    __tablename__ = "plans"

    kind: Mapped[str]
    product: Mapped[str | None]
    document: Mapped[dict[str, Any]]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (Index("ix_plans_client_kind_id", "client", "kind", "id"),)


class Decision(Base):
    """One past decision of a bank, as it imported it: which score asked for what, and whether it was approved.

    `reference` is the bank's own mark of the case; no enterprise is named, because none is needed to learn from it.
    """

    __tablename__ = "decisions"

    client: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
    score: Mapped[int]
    amount_fen: Mapped[int]
    months: Mapped[int]
    approved: Mapped[bool]
    decided_on: Mapped[date]
    created_at: Mapped[datetime]


class Application(Base):
    """One enterprise's wish for one product; a dossier holds those handed in together.

    `open_as` names enterprise and product while the application is under way and is null afterwards, so that the
    database itself refuses a second one beside it. `product_version` and `match` are what it came from; `offer` is the
    number of the offer that stands or was accepted, with its `terms` and last day.
    """

    __tablename__ = "applications"

    id: Mapped[str] = mapped_column(primary_key=True)
    dossier: Mapped[str]
    enterprise: Mapped[str]
    applicant: Mapped[str]
    bank: Mapped[str]
    product: Mapped[str]
    product_version: Mapped[int]
    need: Mapped[dict[str, Any]]
    documents: Mapped[list[Any]]
    state: Mapped[str]
    terms: Mapped[dict[str, Any] | None]
    match: Mapped[str | None]
    offer: Mapped[int | None]
    expires_on: Mapped[date | None]
    drawn_fen: Mapped[int | None]
    open_as: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("open_as"),
        Index("ix_applications_enterprise_id", "enterprise", "id"),
        Index("ix_applications_applicant_id", "applicant", "id"),
        Index("ix_applications_bank_id", "bank", "id"),
        Index("ix_applications_product_state", "product", "state"),
    )


class ApplicationOffer(Base):
    """One offer of a bank; `document` never changes, and `sha256` is its digest.

    `ledger_entry` is the entry that the acceptance made. Of an offer from before offers had documents only the terms
    are kept, without a digest.
    """

    __tablename__ = "application_offers"

    application: Mapped[str] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    document: Mapped[dict[str, Any]]
    sha256: Mapped[str | None]
    expires_on: Mapped[date]
    ledger_entry: Mapped[int | None]
    made_at: Mapped[datetime]


class ApplicationEvent(Base):
    """One move of an application: who made it, when, why, and about which offer; never changed."""

    __tablename__ = "application_events"

    application: Mapped[str] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[str]
    state: Mapped[str]
    client: Mapped[str]
    party: Mapped[str]
    reason: Mapped[str | None]
    terms: Mapped[dict[str, Any] | None]
    offer: Mapped[int | None]
    drawn_fen: Mapped[int | None]
    at: Mapped[datetime]


class WebhookEndpoint(Base):
    """Where a client wants to be told, what of, and the sealed secret that its messages are signed with.

    `enterprise` is the firm that the client speaks for: whatever concerns the firm is told to all its clients.
    `events` is the filter, null where all are wanted; `sequence` the number of the newest message that has one. The
    queue is the endpoint's: `failures` on end move `due_at`, and `holder` is the process that sends to it until
    `leased_until`. `put_aside` says why nothing is sent to it.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str]
    enterprise: Mapped[str | None]
    url: Mapped[str]
    secret: Mapped[str]
    former_secret: Mapped[str | None]
    former_until: Mapped[datetime | None]
    events: Mapped[list[Any] | None]
    sequence: Mapped[int]
    failures: Mapped[int]
    due_at: Mapped[datetime | None]
    holder: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    put_aside: Mapped[str | None]
    put_aside_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    # Unused: processes of the release before read it during an exchange; it goes in a later release.
    enabled: Mapped[bool] = mapped_column(server_default=true(), deferred=True)

    __table_args__ = (
        Index("ix_webhook_endpoints_client_id", "client", "id"),
        Index("ix_webhook_endpoints_enterprise_id", "enterprise", "id"),
    )


class WebhookDelivery(Base):
    """One message to one endpoint: `pending` until it is `delivered` or, where the endpoint is no more, `failed`.

    `sequence` is its place in the endpoint's queue, given when it is first looked at there; with it the body is final.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"))
    client: Mapped[str]
    sequence: Mapped[int | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str]
    attempts: Mapped[int]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    # Unused: processes of the release before read it during an exchange; it goes in a later release.
    due_at: Mapped[datetime | None] = mapped_column(deferred=True)

    __table_args__ = (
        Index("ix_webhook_deliveries_state_endpoint_sequence", "state", "endpoint", "sequence"),
        Index("ix_webhook_deliveries_client_id", "client", "id"),
        Index("ix_webhook_deliveries_endpoint_id", "endpoint", "id"),
    )


class NoticeCursor(Base):
    """One row: up to which notice of the profile service the webhooks have been told."""

    __tablename__ = "notice_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    after: Mapped[str]
