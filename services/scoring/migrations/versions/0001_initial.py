"""Models, scores, batches, evaluations, outcomes; the queue and the idempotency keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERVING = sa.text("state = 'serving'")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("caller", Json()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("problem", Json()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(40)),
        sa.Column("lease_until", Utc()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("finished_at", Utc()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("client", sa.String(128), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", Json()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "models",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("promote", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date()),
        sa.Column("known_at", Utc()),
        sa.Column("artefact_sha256", sa.String()),
        sa.Column("card", Json()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("trained_at", Utc()),
        sa.Column("promoted_at", Utc()),
        sa.PrimaryKeyConstraint("version", name="pk_models"),
    )
    op.create_index(
        "uq_models_serving", "models", ["state"], unique=True, sqlite_where=SERVING, postgresql_where=SERVING
    )
    op.create_table(
        "score_batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("enterprises", Json()),
        sa.Column("as_of", sa.Date()),
        sa.Column("known_at", Utc(), nullable=False),
        sa.Column("withheld", sa.BigInteger()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_score_batches"),
        sa.ForeignKeyConstraint(["model"], ["models.version"], name="fk_score_batches_model"),
    )
    op.create_index("ix_score_batches_client_id", "score_batches", ["client", "id"])
    op.create_table(
        "scores",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("batch", sa.String()),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", Utc(), nullable=False),
        sa.Column("depth", sa.String(), nullable=False),
        sa.Column("features_sha256", sa.String(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("pd", sa.Double(), nullable=False),
        sa.Column("pd_low", sa.Double(), nullable=False),
        sa.Column("pd_high", sa.Double(), nullable=False),
        sa.Column("base_points", sa.Double(), nullable=False),
        sa.Column("trace", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scores"),
        sa.ForeignKeyConstraint(["batch"], ["score_batches.id"], name="fk_scores_batch"),
        sa.ForeignKeyConstraint(["model"], ["models.version"], name="fk_scores_model"),
        sa.UniqueConstraint("batch", "enterprise", name="uq_scores_batch_enterprise"),
    )
    op.create_index("ix_scores_enterprise_id", "scores", ["enterprise", "id"])
    op.create_table(
        "score_batch_refusals",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("problem", Json(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "enterprise", name="pk_score_batch_refusals"),
        sa.ForeignKeyConstraint(["batch"], ["score_batches.id"], name="fk_score_batch_refusals_batch"),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("plan", Json(), nullable=False),
        sa.Column("table_name", sa.String()),
        sa.Column("table_body", sa.LargeBinary()),
        sa.Column("holdout_name", sa.String()),
        sa.Column("holdout_body", sa.LargeBinary()),
        sa.Column("result", Json()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("defaulted", sa.Boolean(), nullable=False),
        sa.Column("observed_on", sa.Date(), nullable=False),
        sa.Column("known_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_client_enterprise", "outcomes", ["client", "enterprise"])


def downgrade() -> None:
    for table in (
        "outcomes", "evaluations", "score_batch_refusals", "scores", "score_batches", "models",
        "idempotency_keys", "jobs",
    ):  # fmt: skip
        op.drop_table(table)
