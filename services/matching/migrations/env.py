"""Run by Alembic."""

from chassis import migrations
from services.matching.tables import Base

migrations.run(Base.metadata)
