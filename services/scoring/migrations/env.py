"""Run by Alembic."""

from chassis.data import migrations
from services.scoring.tables import Base

migrations.run(Base.metadata)
