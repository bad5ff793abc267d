"""Run by Alembic."""

from chassis import migrations
from services.profile.tables import Base

migrations.run(Base.metadata)
