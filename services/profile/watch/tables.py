"""Tables of the watch: alerts, who has seen them, who wants to be told, when was looked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.profile.base import Base


class Alert(Base):
    """An early warning of an enterprise: one event, one row. Days are of the book, `known_at` says what was known.

    `records` are the first of those that made it fire, `records_count` how many there are. A withdrawn one rested on a
    record that has left the book: nobody is shown it. One with a `client` is about that client's own book of exposures
    and shown to nobody else; `path` is the way along which it came.
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
    client: Mapped[str | None] = mapped_column(String(128))
    path: Mapped[list[Any] | None]

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


class ExposureBook(Base):
    """A client's book of exposures as it stands, and the rise of its expected loss from which on it wants an alert."""

    __tablename__ = "exposure_books"

    client: Mapped[str] = mapped_column(String(128), primary_key=True)
    version: Mapped[int]
    threshold_fen: Mapped[int]
    stated_at: Mapped[datetime]


class Exposure(Base):
    """What a client has lent to a firm, in its own figures; read by that client alone."""

    __tablename__ = "exposures"

    client: Mapped[str] = mapped_column(ForeignKey("exposure_books.client"), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    exposure_fen: Mapped[int]
    lgd: Mapped[float]
    pd: Mapped[float | None]
