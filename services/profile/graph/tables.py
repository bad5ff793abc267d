"""Tables of the graph: shocks that were ordered as a job, with what came of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from services.profile.base import Base


class ShockOrder(Base):
    """A shock that a client ordered, of which moment, and what it does once its job is done; kept for a time."""

    __tablename__ = "shock_orders"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    client: Mapped[str] = mapped_column(String(128))
    purpose: Mapped[str] = mapped_column(String(40))
    said: Mapped[dict[str, Any]]
    as_of: Mapped[date] = mapped_column(Date)
    known_at: Mapped[datetime]
    created_at: Mapped[datetime]
    result: Mapped[dict[str, Any] | None]
