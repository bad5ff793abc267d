"""Run by Alembic."""

from chassis.data import migrations
from services.profile.tables import Base

migrations.run(Base.metadata)
