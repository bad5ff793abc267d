"""The table of the portrait: which peer figures are finished, and from which moment on they are read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, String
from sqlalchemy.orm import Mapped, mapped_column

from services.profile.base import Base


class PeerBaseline(Base):
    """Peer figures of a month's end: as known at `known_at`, read at moments from `published_at` on.

    The first four say for ever what is read at which moment. Nothing has changed them up to `current_to`, and no
    record that leaves every moment has left since `heard_at`. `stamp` names the files and `parts` those of each part
    of the book; they are null where the files are gone and would be made again. `figured` and `traded` count the firms
    of which anything, and of which invoices, were known.
    """

    __tablename__ = "peer_baselines"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    published_at: Mapped[datetime] = mapped_column(primary_key=True)
    known_at: Mapped[datetime]
    made_at: Mapped[datetime]
    current_to: Mapped[datetime]
    heard_at: Mapped[datetime]
    catalogue: Mapped[str] = mapped_column(String(80))
    figured: Mapped[int]
    traded: Mapped[int]
    stamp: Mapped[str | None] = mapped_column(String(80))
    parts: Mapped[list[Any] | None]
