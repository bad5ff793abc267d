"""The tables of the profile service: who the firms are, what was imported, who may read what, and who did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.data import jobs, keys, ledger
from chassis.data.database import TYPES, metadata


class Base(DeclarativeBase):
    """What the tables of this service share."""

    metadata = metadata()
    type_annotation_map = TYPES


jobs.declare(Base.metadata)
keys.declare(Base.metadata)
ledger.declare(Base.metadata)


class Enterprise(Base):
    """A firm of the book. `lake_version` is the last version of the lake that brought an invoice of it.

    `revision` moves on with everything else that changes what is read of it: a dispute, a record that leaves.
    """

    __tablename__ = "enterprises"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str | None]
    rating: Mapped[str | None]
    industry: Mapped[str | None]
    region: Mapped[str | None]
    size_class: Mapped[str | None]
    established_on: Mapped[date | None] = mapped_column(Date)
    employees: Mapped[int | None]
    revenue_fen: Mapped[int | None]
    assets_fen: Mapped[int | None]
    scope: Mapped[str | None]
    taxpayer: Mapped[str | None]
    synthetic: Mapped[bool]
    lake_version: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    updated_at: Mapped[datetime]


class EnterpriseVersion(Base):
    """What is known of a firm from `known_at` on; never changed. The firm's row holds the latest one."""

    __tablename__ = "enterprise_versions"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    described: Mapped[dict[str, Any]]


class Outcome(Base):
    """Whether a firm defaulted, as a source said; the latest statement known counts."""

    __tablename__ = "outcomes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"))
    defaulted: Mapped[bool]
    observed_on: Mapped[date | None] = mapped_column(Date)
    import_id: Mapped[str]
    known_at: Mapped[datetime]

    __table_args__ = (Index("ix_outcomes_enterprise_known_at", "enterprise", "known_at"),)


class Book(Base):
    """One row: the state of the whole book that readers see. An import becomes visible when this row moves on."""

    __tablename__ = "book"

    id: Mapped[int] = mapped_column(primary_key=True)
    lake_version: Mapped[int]
    known_at: Mapped[datetime]
    date: Mapped[date | None] = mapped_column(Date)
    invoices: Mapped[int]
    synthetic: Mapped[bool | None]
    # How many records have left: what was computed from more of them than are there now is not remembered.
    departures: Mapped[int] = mapped_column(default=0, server_default="0")


class LakeStep(Base):
    """From `known_at` on, readers see this version of a kind's lake: one row an import, never changed."""

    __tablename__ = "lake_steps"

    dataset: Mapped[str] = mapped_column(String(40), primary_key=True)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    lake_version: Mapped[int]
    records: Mapped[int]


class Import(Base):
    """A file received, by which lawful channel, and what became of it. Its job has the same id.

    `enterprise` is the one that all of its rows are about, where the sender said so.
    """

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str]
    file: Mapped[str]
    client: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    idempotency_key: Mapped[str | None]
    channel: Mapped[str]
    connector: Mapped[str | None]
    enterprise: Mapped[str | None]
    counts: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("client", "idempotency_key"),
        Index("ix_imports_client_id", "client", "id"),
    )


class Consent(Base):
    """An enterprise lets a client read its file for these purposes until a day, unless it revokes this before."""

    __tablename__ = "consents"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str]
    grantee: Mapped[str]
    purposes: Mapped[list[Any]]
    fields: Mapped[list[Any]]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    document_sha256: Mapped[str | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    as_of_from: Mapped[date | None] = mapped_column(Date)
    as_of_until: Mapped[date | None] = mapped_column(Date)
    most_reads_a_day: Mapped[int | None]
    most_reads_a_month: Mapped[int | None]
    # The grantor's signature: who gave it, in which session of a person where one signed in, over which terms.
    signed_by: Mapped[str | None]
    signed_session: Mapped[str | None]
    signed_person: Mapped[str | None]
    terms_sha256: Mapped[str | None]

    __table_args__ = (
        Index("ix_consents_grantee_enterprise", "grantee", "enterprise"),
        Index("ix_consents_enterprise_id", "enterprise", "id"),
    )


class Access(Base):
    """One read of an enterprise's file by somebody else; never changed, and kept as long as `retention.toml` says."""

    __tablename__ = "accesses"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]
    enterprise: Mapped[str]
    client: Mapped[str]
    actor: Mapped[str | None]
    purpose: Mapped[str]
    consent: Mapped[str] = mapped_column(ForeignKey("consents.id"))
    what: Mapped[str]
    request_id: Mapped[str | None]
    ledger_entry: Mapped[int | None]

    __table_args__ = (
        Index("ix_accesses_enterprise_id", "enterprise", "id"),
        Index("ix_accesses_consent_at", "consent", "at"),
    )


class FeatureSnapshot(Base):
    """Computed features as the JSON that answers; good while no later import or act touched the enterprise."""

    __tablename__ = "feature_snapshots"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    as_of: Mapped[date] = mapped_column(Date, primary_key=True)
    lake_version: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    catalogue: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Alert(Base):
    """An early warning of an enterprise: one event, one row. Days are of the book, `known_at` says what was known.

    `records` are the first of those that made it fire, `records_count` how many there are. A withdrawn one rested on a
    record that has left the book: nobody is shown it.
    """

    __tablename__ = "alerts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(80))
    signal: Mapped[str] = mapped_column(String(40))
    event: Mapped[str]
    severity: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str | None]
    value: Mapped[float | None]
    reference: Mapped[float | None]
    opened_on: Mapped[date] = mapped_column(Date)
    occurred_on: Mapped[date | None] = mapped_column(Date)
    latest: Mapped[float | None]
    latest_on: Mapped[date | None] = mapped_column(Date)
    calm_since: Mapped[date | None] = mapped_column(Date)
    cleared_on: Mapped[date | None] = mapped_column(Date)
    version: Mapped[str]
    known_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    records: Mapped[list[Any]]
    records_count: Mapped[int]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("enterprise", "signal", "event", "opened_on"),
        Index("ix_alerts_enterprise_id", "enterprise", "id"),
    )


class Acknowledgement(Base):
    """A client has seen an alert: each client for itself, since one bank's work is not another's."""

    __tablename__ = "alert_acknowledgements"

    alert: Mapped[str] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    client: Mapped[str] = mapped_column(String(128), primary_key=True)
    note: Mapped[str | None]
    at: Mapped[datetime]


class Subscription(Base):
    """A client wants to be told of alerts: of these firms or of all that consent, of these signals and severities."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    client: Mapped[str] = mapped_column(String(128))
    enterprises: Mapped[list[Any] | None]
    signals: Mapped[list[Any] | None]
    severities: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_subscriptions_client_id", "client", "id"),)


class Look(Base):
    """When an enterprise's signals were last evaluated, so that an older evaluation never overwrites a newer one."""

    __tablename__ = "looks"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    as_of: Mapped[date] = mapped_column(Date)
    looked_at: Mapped[datetime]


class Departure(Base):
    """A record that has left the book, by which act, known since when; `always`: at every moment, past ones too."""

    __tablename__ = "departures"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(80))
    dataset: Mapped[str] = mapped_column(String(40))
    record: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(String(10))
    act: Mapped[str] = mapped_column(String(40))
    known_at: Mapped[datetime]
    always: Mapped[bool]
    # The lake's rows are gone too: nothing is left to be withheld.
    shredded_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("enterprise", "dataset", "record"),)


class Dispute(Base):
    """What an enterprise holds to be wrong in its file: a record, or a field of its description (then `field`).

    `before` is the item as it stood, `reminded` the last reminder in days before the term's end.
    """

    __tablename__ = "disputes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(40))
    record: Mapped[str | None] = mapped_column(String(40))
    field: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(40))
    statement: Mapped[str]
    before: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    due_at: Mapped[datetime]
    reminded: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reply: Mapped[str | None]
    correction: Mapped[str | None]

    __table_args__ = (
        Index("ix_disputes_enterprise_id", "enterprise", "id"),
        Index("ix_disputes_state_due_at", "state", "due_at"),
    )


class Repair(Base):
    """A public record of an enterprise was repaired (信用修复): by whom it was decided, and since when it is gone."""

    __tablename__ = "repairs"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(80))
    record: Mapped[str] = mapped_column(String(40))
    tier: Mapped[str] = mapped_column(String(10))
    published_on: Mapped[date] = mapped_column(Date)
    decided_on: Mapped[date] = mapped_column(Date)
    authority: Mapped[str]
    document: Mapped[str]
    client: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("enterprise", "record"),
        Index("ix_repairs_enterprise_id", "enterprise", "id"),
    )


class Notice(Base):
    """A message about a file: to a client that read it, to who sent the item, to all operators (`role:operator`).

    Nothing of what the file says is in it.
    """

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(128))
    event: Mapped[str] = mapped_column(String(40))
    enterprise: Mapped[str] = mapped_column(String(80))
    act: Mapped[str] = mapped_column(String(40))
    facts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_notices_recipient_id", "recipient", "id"),)


# The class below has a column called `list`.
Codes = list[Any]


class Measure(Base):
    """A joint incentive or restriction (联合奖惩): on which list, by which basis, doing what, from and to which day.

    Whether it is in force is told by its days, its basis and `ended_at`; nothing has to run for it to expire.
    """

    __tablename__ = "measures"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(80))
    list: Mapped[str] = mapped_column(String(5))
    basis: Mapped[str] = mapped_column(String(60))
    scope: Mapped[Codes]
    authority: Mapped[str]
    document: Mapped[str]
    starts_on: Mapped[date] = mapped_column(Date)
    expires_on: Mapped[date] = mapped_column(Date)
    # The number of the public record that it rests on: where that is repaired, it ends.
    record: Mapped[str | None]
    set_by: Mapped[str]
    set_at: Mapped[datetime]
    terms_sha256: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_reason: Mapped[str | None]

    __table_args__ = (Index("ix_measures_enterprise_id", "enterprise", "id"),)
