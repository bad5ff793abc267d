"""Entry point of Alembic for the gateway."""

from chassis.data.migrations import run
from gateway.tables import Base

run(Base.metadata)
