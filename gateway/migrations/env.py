"""Entry point of Alembic for the gateway."""

from __future__ import annotations

from chassis.data.migrations import run
from gateway.identity.tables import Base

run(Base.metadata)
