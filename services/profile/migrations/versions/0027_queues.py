"""The queue that each job waits in, whose it is, not before when, and how often a worker died over it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0027"
down_revision = "0026"

QUEUES = {
    "imports": ("import", "withdraw"),
    "looks": ("watch", "watch-books"),
    "batches": ("index", "shock"),
}
JOBS = sa.table("jobs", sa.column("kind", sa.String()), sa.column("queue", sa.String()))


def upgrade() -> None:
    op.add_column("jobs", sa.Column("queue", sa.String(length=40), nullable=False, server_default="none"))
    op.add_column("jobs", sa.Column("client", sa.String(length=128), nullable=True))
    op.add_column("jobs", sa.Column("killed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("due_at", Utc(timezone=True), nullable=True))
    for queue, kinds in QUEUES.items():
        op.execute(sa.update(JOBS).where(JOBS.c.kind.in_(kinds)).values(queue=queue))
    op.drop_index("ix_jobs_state_id", "jobs")
    op.create_index("ix_jobs_state_queue_created_at_id", "jobs", ["state", "queue", "created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_state_queue_created_at_id", "jobs")
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
    for column in ("due_at", "killed", "client", "queue"):
        op.drop_column("jobs", column)
