"""Approval by somebody else, what was decided about a model, and the scores of the challenger in the shadow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SHADOW = sa.text("state = 'shadow'")


def upgrade() -> None:
    op.add_column("models", sa.Column("approved_at", Utc()))
    op.add_column("models", sa.Column("approved_by", sa.String()))
    op.add_column("models", sa.Column("lineage", Json()))
    # What served before approvals were asked for goes on serving; nobody is named as its approver.
    op.execute("UPDATE models SET approved_at = promoted_at WHERE promoted_at IS NOT NULL")
    op.create_index("uq_models_shadow", "models", ["state"], unique=True, sqlite_where=SHADOW, postgresql_where=SHADOW)
    op.create_table(
        "model_events",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_events"),
        sa.ForeignKeyConstraint(["model"], ["models.version"], name="fk_model_events_model"),
    )
    op.create_index("ix_model_events_model_id", "model_events", ["model", "id"])
    op.create_table(
        "shadow_scores",
        sa.Column("score", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("pd", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("score", "model", name="pk_shadow_scores"),
        sa.ForeignKeyConstraint(["score"], ["scores.id"], name="fk_shadow_scores_score"),
        sa.ForeignKeyConstraint(["model"], ["models.version"], name="fk_shadow_scores_model"),
    )
    op.create_index("ix_shadow_scores_model", "shadow_scores", ["model"])


def downgrade() -> None:
    op.drop_table("shadow_scores")
    op.drop_table("model_events")
    op.drop_index("uq_models_shadow", "models")
    for column in ("lineage", "approved_by", "approved_at"):
        op.drop_column("models", column)
