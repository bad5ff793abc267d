"""Disputes, credit repair, records that have left the book, and notices to those who read them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for table, column in (("enterprises", "revision"), ("feature_snapshots", "revision"), ("book", "departures")):
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("alerts", sa.Column("withdrawn_at", Utc(timezone=True), nullable=True))
    # Computed answers tell of disputes from now on.
    op.execute("DELETE FROM feature_snapshots")
    op.create_table(
        "departures",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("record", sa.String(length=40), nullable=False),
        sa.Column("cause", sa.String(length=10), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.Column("shredded_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_departures"),
        sa.UniqueConstraint("enterprise", "dataset", "record", name="uq_departures_enterprise_dataset_record"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("record", sa.String(length=40), nullable=True),
        sa.Column("field", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("before", Json(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opened_at", Utc(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("due_at", Utc(timezone=True), nullable=False),
        sa.Column("reminded", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", Utc(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("reply", sa.String(), nullable=True),
        sa.Column("correction", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_disputes"),
    )
    op.create_index("ix_disputes_enterprise_id", "disputes", ["enterprise", "id"])
    op.create_index("ix_disputes_state_due_at", "disputes", ["state", "due_at"])
    op.create_table(
        "repairs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("record", sa.String(length=40), nullable=False),
        sa.Column("tier", sa.String(length=10), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_repairs"),
        sa.UniqueConstraint("enterprise", "record", name="uq_repairs_enterprise_record"),
    )
    op.create_index("ix_repairs_enterprise_id", "repairs", ["enterprise", "id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=128), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("acknowledged_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_recipient_id", "notices", ["recipient", "id"])


def downgrade() -> None:
    for table in ("notices", "repairs", "disputes", "departures"):
        op.drop_table(table)
    op.drop_column("alerts", "withdrawn_at")
    for table, column in (("book", "departures"), ("feature_snapshots", "revision"), ("enterprises", "revision")):
        op.drop_column(table, column)
    # Stored answers name disputes, of which the code of before knows nothing.
    op.execute("DELETE FROM feature_snapshots")
