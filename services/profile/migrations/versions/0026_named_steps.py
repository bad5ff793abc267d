"""Which commit made each version of a lake; a version is bound once.

A withdrawal that was worked off again noted its version again: readers saw it from the first time on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0026"
down_revision = "0025"

STEPS = sa.table("lake_steps", sa.column("dataset"), sa.column("lake_version"), sa.column("known_at"))
UNIQUE = "uq_lake_steps_dataset_lake_version"


def upgrade() -> None:
    first = STEPS.alias("first")
    again = sa.exists().where(
        first.c.dataset == STEPS.c.dataset,
        first.c.lake_version == STEPS.c.lake_version,
        first.c.known_at < STEPS.c.known_at,
    )
    op.execute(sa.delete(STEPS).where(again))
    with op.batch_alter_table("lake_steps") as steps:
        steps.add_column(sa.Column("commit_id", sa.String(length=100), nullable=True))
        steps.add_column(sa.Column("committed_at", Utc(timezone=True), nullable=True))
        steps.create_unique_constraint(UNIQUE, ["dataset", "lake_version"])


def downgrade() -> None:
    with op.batch_alter_table("lake_steps") as steps:
        steps.drop_constraint(UNIQUE, type_="unique")
        steps.drop_column("committed_at")
        steps.drop_column("commit_id")
