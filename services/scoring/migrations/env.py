"""Run by Alembic."""

from chassis import migrations
from services.scoring.tables import Base

migrations.run(Base.metadata)
