"""Early warnings, who has seen them, who wants to be told of them, and when firms were last looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("signal", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("reference", sa.Double(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=True),
        sa.Column("latest", sa.Double(), nullable=True),
        sa.Column("latest_on", sa.Date(), nullable=True),
        sa.Column("calm_since", sa.Date(), nullable=True),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("opened_at", Utc(timezone=True), nullable=False),
        sa.Column("records", Json(), nullable=False),
        sa.Column("records_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint(
            "enterprise", "signal", "event", "opened_on", name="uq_alerts_enterprise_signal_event_opened_on"
        ),
    )
    op.create_index("ix_alerts_enterprise_id", "alerts", ["enterprise", "id"], unique=False)
    op.create_table(
        "alert_acknowledgements",
        sa.Column("alert", sa.String(length=40), nullable=False),
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name="fk_alert_acknowledgements_alert"),
        sa.PrimaryKeyConstraint("alert", "client", name="pk_alert_acknowledgements"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("enterprises", Json(), nullable=True),
        sa.Column("signals", Json(), nullable=True),
        sa.Column("severities", Json(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("ended_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
    )
    op.create_index("ix_subscriptions_client_id", "subscriptions", ["client", "id"], unique=False)
    op.create_table(
        "looks",
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("looked_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", name="pk_looks"),
    )


def downgrade() -> None:
    for table in ("looks", "subscriptions", "alert_acknowledgements", "alerts"):
        op.drop_table(table)
