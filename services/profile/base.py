"""What the tables of this service share."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from chassis.data import jobs, keys, ledger, presence, schedule
from chassis.data.database import TYPES, metadata


class Base(DeclarativeBase):
    """What the tables of this service share."""

    metadata = metadata()
    type_annotation_map = TYPES


jobs.declare(Base.metadata)
keys.declare(Base.metadata)
ledger.declare(Base.metadata)
presence.declare(Base.metadata)
schedule.declare(Base.metadata)
