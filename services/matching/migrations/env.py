"""Run by Alembic."""

from __future__ import annotations

from chassis.data import migrations
from services.matching.tables import Base

migrations.run(Base.metadata)
