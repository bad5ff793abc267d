"""Tables of the integrity index: which months are published, their cells, and who its members are."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.profile.base import Base


class IndexMonth(Base):
    """A month (`YYYY-MM`) that is published, from which state of the book, by which rules: never changed."""

    __tablename__ = "index_months"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    lake_version: Mapped[int]
    known_at: Mapped[datetime]
    synthetic: Mapped[bool]
    rules: Mapped[date] = mapped_column(Date)
    published_by: Mapped[str] = mapped_column(String(128))
    published_at: Mapped[datetime]


class IndexCell(Base):
    """A cell of a month. Where it is not published it has no figures: they are kept nowhere."""

    __tablename__ = "index_cells"

    month: Mapped[str] = mapped_column(ForeignKey("index_months.month"), primary_key=True)
    level: Mapped[str] = mapped_column(String(10), primary_key=True)
    region: Mapped[str] = mapped_column(String(6), primary_key=True)
    industry: Mapped[str] = mapped_column(String(8), primary_key=True)
    firms: Mapped[int | None]
    known: Mapped[int | None]
    components: Mapped[dict[str, Any] | None]
    change: Mapped[dict[str, Any] | None]


class IndexMember(Base):
    """A firm that the index counts, in the cell that it joined, with its points as of the latest month."""

    __tablename__ = "index_members"

    enterprise: Mapped[str] = mapped_column(String(80), primary_key=True)
    region: Mapped[str] = mapped_column(String(6))
    industry: Mapped[str] = mapped_column(String(8))
    points: Mapped[dict[str, Any]]
