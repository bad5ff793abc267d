"""Applications with their events, and the webhooks that tell of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dossier", sa.String(), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("applicant", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("product_version", sa.BigInteger(), nullable=False),
        sa.Column("need", Json(), nullable=False),
        sa.Column("documents", Json(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("terms", Json(), nullable=True),
        sa.Column("open_as", sa.String(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("updated_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
        sa.UniqueConstraint("open_as", name="uq_applications_open_as"),
    )
    for column in ("enterprise", "applicant", "bank"):
        op.create_index(f"ix_applications_{column}_id", "applications", [column, "id"])
    op.create_table(
        "application_events",
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("terms", Json(), nullable=True),
        sa.Column("at", Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name="fk_application_events_application_applications"
        ),
        sa.PrimaryKeyConstraint("application", "number", name="pk_application_events"),
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_client_id", "webhook_endpoints", ["client", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", Utc(timezone=True), nullable=False),
        sa.Column("last_status", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("delivered_at", Utc(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint"], ["webhook_endpoints.id"], name="fk_webhook_deliveries_endpoint_webhook_endpoints"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_state_due_at", "webhook_deliveries", ["state", "due_at"])
    op.create_index("ix_webhook_deliveries_client_id", "webhook_deliveries", ["client", "id"])


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_endpoints", "application_events", "applications"):
        op.drop_table(table)
