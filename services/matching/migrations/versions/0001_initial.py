"""The first tables of the matching service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0001"
down_revision = None


def upgrade() -> None:
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
        "match_batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("enterprises", Json(), nullable=True),
        sa.Column("need", Json(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_match_batches"),
        sa.UniqueConstraint("job", name="uq_match_batches_job"),
    )
    op.create_table(
        "matches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("catalogue", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("facts", Json(), nullable=False),
        sa.Column("products", Json(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_matches"),
    )
    op.create_index("ix_matches_enterprise_id", "matches", ["enterprise", "id"], unique=False)
    op.create_table(
        "product_versions",
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("published_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("product", "version", name="pk_product_versions"),
    )
    op.create_table(
        "match_batch_parts",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enterprises", Json(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["match_batches.id"], name="fk_match_batch_parts_batch"),
        sa.PrimaryKeyConstraint("batch", "number", name="pk_match_batch_parts"),
    )


def downgrade() -> None:
    for table in ("product_versions", "matches", "match_batch_parts", "match_batches", "jobs", "idempotency_keys"):
        op.drop_table(table)
