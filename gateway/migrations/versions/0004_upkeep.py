"""What the clock orders: the jobs that remove what is past its keeping, and when each is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("caller", Json(), nullable=True),
        sa.Column("client", sa.String(length=128), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("problem", Json(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("killed", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=40), nullable=True),
        sa.Column("lease_until", Utc(timezone=True), nullable=True),
        sa.Column("due_at", Utc(timezone=True), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("finished_at", Utc(timezone=True), nullable=True),
        sa.Column("checkpoint", Json(), nullable=True),
        sa.Column("retried", Json(), nullable=True),
        sa.Column("ordered_in", sa.String(length=55), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_queue_created_at_id", "jobs", ["state", "queue", "created_at", "id"])
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("due_at", Utc(timezone=True), nullable=False),
        sa.Column("job", sa.String(length=40), nullable=True),
        sa.Column("last_started", Utc(timezone=True), nullable=True),
        sa.Column("last_finished", Utc(timezone=True), nullable=True),
        sa.Column("report", Json(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_schedules"),
    )


def downgrade() -> None:
    op.drop_table("schedules")
    op.drop_table("jobs")
