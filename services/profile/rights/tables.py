"""Tables of rights: consents and reads under them, disputes, repairs, notices, measures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.profile.base import Base


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
