"""The first tables of the profile service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "book",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("invoices", sa.BigInteger(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_book"),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("grantee", sa.String(), nullable=False),
        sa.Column("purposes", Json(), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("document_sha256", sa.String(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("revoked_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_enterprise_id", "consents", ["enterprise", "id"], unique=False)
    op.create_index("ix_consents_grantee_enterprise", "consents", ["grantee", "enterprise"], unique=False)
    op.create_table(
        "enterprises",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("rating", sa.String(), nullable=True),
        sa.Column("industry", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("size_class", sa.String(), nullable=True),
        sa.Column("established_on", sa.Date(), nullable=True),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_enterprises"),
    )
    op.create_table(
        "feature_snapshots",
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("catalogue", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "as_of", name="pk_feature_snapshots"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", Json(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("counts", Json(), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("finished_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sa.UniqueConstraint("client", "idempotency_key", name="uq_imports_client_idempotency_key"),
    )
    op.create_index("ix_imports_client_id", "imports", ["client", "id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("caller", Json(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("problem", Json(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=40), nullable=True),
        sa.Column("lease_until", Utc(timezone=True), nullable=True),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.Column("finished_at", Utc(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"], unique=False)
    op.create_table(
        "accesses",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", Utc(timezone=True), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("consent", sa.String(length=40), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["consent"], ["consents.id"], name="fk_accesses_consent"),
        sa.PrimaryKeyConstraint("id", name="pk_accesses"),
    )
    op.create_index("ix_accesses_enterprise_id", "accesses", ["enterprise", "id"], unique=False)
    op.create_table(
        "outcomes",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("defaulted", sa.Boolean(), nullable=False),
        sa.Column("observed_on", sa.Date(), nullable=True),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprises.id"], name="fk_outcomes_enterprise"),
        sa.PrimaryKeyConstraint("id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_enterprise_known_at", "outcomes", ["enterprise", "known_at"], unique=False)
    # The row that importers lock is there from the start: two first imports must not both make it.
    op.execute("INSERT INTO book (id, lake_version, known_at, invoices) VALUES (1, 0, '1970-01-01 00:00:00+00:00', 0)")


def downgrade() -> None:
    for table in (
        *("outcomes", "accesses", "jobs", "imports", "idempotency_keys"),
        *("feature_snapshots", "enterprises", "consents", "book"),
    ):
        op.drop_table(table)
