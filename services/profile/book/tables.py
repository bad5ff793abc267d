"""Tables of the book: who the firms are, what was imported, what has left it, and what was computed of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from services.profile.base import Base


class Enterprise(Base):
    """A firm of the book. `lake_version` is the last version of the lake that brought an invoice of it.

    `revision` moves on with everything else that changes what is read of it: a dispute, a record that leaves.
    `own_word` tells that invoices of it came from itself once, which what others say may confirm. `registered_on` is
    the day of establishment as another than the firm stated it, `heard_assets_fen` the assets, by channel `assets_by`.
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
    registered_on: Mapped[date | None] = mapped_column(Date)
    heard_assets_fen: Mapped[int | None]
    assets_by: Mapped[str | None] = mapped_column(String(20))
    synthetic: Mapped[bool]
    lake_version: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    own_word: Mapped[bool] = mapped_column(default=False, server_default=false())
    updated_at: Mapped[datetime]


class EnterpriseVersion(Base):
    """What is known of a firm from `known_at` on; never changed. The firm's row holds the latest one."""

    __tablename__ = "enterprise_versions"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    described: Mapped[dict[str, Any]]


class EnterpriseStatement(Base):
    """What a source said of a firm; never changed. A firm's statements are numbered from 1 in their order."""

    __tablename__ = "enterprise_statements"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    import_id: Mapped[str | None] = mapped_column(String(40), index=True)
    said: Mapped[dict[str, Any]]


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
    """One row: the state of the whole book that readers see. An import becomes visible when this row moves on.

    `date` is that of the newest `BookDate`; no import moves it. `latest` is the day of the latest invoice.
    """

    __tablename__ = "book"

    id: Mapped[int] = mapped_column(primary_key=True)
    lake_version: Mapped[int]
    known_at: Mapped[datetime]
    latest: Mapped[date | None] = mapped_column(Date)
    date: Mapped[date | None] = mapped_column(Date)
    invoices: Mapped[int]
    synthetic: Mapped[bool | None]
    # How many records have left: what was computed from more of them than are there now is not remembered.
    departures: Mapped[int] = mapped_column(default=0, server_default="0")


class BookDate(Base):
    """One version of the book's date, by which operator and why: never changed. Without a `date` the month counts."""

    __tablename__ = "book_dates"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    date: Mapped[date | None] = mapped_column(Date)
    set_by: Mapped[str] = mapped_column(String(128))
    set_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(String(500))


class LakeStep(Base):
    """From `known_at` on, readers see this version of a kind's lake: one row an import, never changed.

    `commit_id` is the import or the act that made the version, `committed_at` since when its rows are known; both are
    null where an older release noted neither and the lake's log no longer tells.
    """

    __tablename__ = "lake_steps"

    dataset: Mapped[str] = mapped_column(String(40), primary_key=True)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    lake_version: Mapped[int]
    records: Mapped[int]
    commit_id: Mapped[str | None] = mapped_column(String(100))
    committed_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("dataset", "lake_version"),)


class Import(Base):
    """A file received, by which lawful channel, and what became of it. Its job has the same id.

    `enterprise` is the one that all of its rows are about, and `stated_on` the day on which the source made the file,
    where the sender said so. `granted` are the grants under which a source sent it; null where none was needed.
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
    stated_on: Mapped[date | None] = mapped_column(Date)
    granted: Mapped[list[Any] | None]
    counts: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("client", "idempotency_key"),
        Index("ix_imports_client_id", "client", "id"),
    )


class SourceGrant(Base):
    """What a source may send: kinds, by channels, of these firms or of any; its terms never change.

    `document` is what it rests on, as an agreement; `expires_on` its last day, in China.
    """

    __tablename__ = "source_grants"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    client: Mapped[str] = mapped_column(String(128), index=True)
    kinds: Mapped[list[Any]]
    channels: Mapped[list[Any]]
    enterprises: Mapped[list[Any] | None]
    document: Mapped[str]
    expires_on: Mapped[date | None] = mapped_column(Date)
    granted_by: Mapped[str]
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    ended_reason: Mapped[str | None]


class SavedConnector(Base):
    """One version of a sender's own connector: its declaration never changes, and the newest serves until retired.

    `declared` is JSON as text, since the order of titles counts, and a JSONB keeps none.
    """

    __tablename__ = "saved_connectors"

    client: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    declared: Mapped[str]
    saved_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Withdrawal(Base):
    """An import that was taken back, by whom: from `at` on its rows do not count; null while the work is under way.

    `told` says what became of it: how many rows ended, and which imports that had repeated them stand in for it.
    """

    __tablename__ = "book_withdrawals"

    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    by: Mapped[str]
    asked_at: Mapped[datetime]
    at: Mapped[datetime | None]
    told: Mapped[dict[str, Any] | None]


class Repeat(Base):
    """An import that said again what an earlier one had said: what it left out as known rests on that one."""

    __tablename__ = "book_repeats"

    import_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    repeated: Mapped[str] = mapped_column(String(40), primary_key=True)

    __table_args__ = (Index("ix_book_repeats_repeated", "repeated"),)


class PartyName(Base):
    """A name that an invoice gave to a credit code, and the import that told it first."""

    __tablename__ = "party_names"

    party: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(256), primary_key=True)
    import_id: Mapped[str] = mapped_column(String(40))


class FeatureSnapshot(Base):
    """Computed features as the JSON that answers; good while no later import or act touched the enterprise."""

    __tablename__ = "feature_snapshots"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    as_of: Mapped[date] = mapped_column(Date, primary_key=True)
    lake_version: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    catalogue: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)


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
