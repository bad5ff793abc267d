"""Run by Alembic."""

from chassis.data import migrations
from services.matching.tables import Base

migrations.run(Base.metadata)
