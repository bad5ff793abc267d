"""What a score was made for, and the grades that analysts gave beside the model's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Until now a single score was made for one purpose only, and a batch kept its own.
    purpose = sa.Column("purpose", sa.String(), nullable=False, server_default="credit-assessment")
    op.add_column("scores", purpose)
    op.execute(
        "UPDATE scores SET purpose = (SELECT purpose FROM score_batches WHERE score_batches.id = scores.batch) "
        "WHERE batch IS NOT NULL"
    )
    op.create_table(
        "score_overrides",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("score", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("model_grade", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_score_overrides"),
        sa.ForeignKeyConstraint(["score"], ["scores.id"], name="fk_score_overrides_score_scores"),
        sa.ForeignKeyConstraint(["model"], ["models.version"], name="fk_score_overrides_model_models"),
    )
    op.create_index("ix_score_overrides_score_id", "score_overrides", ["score", "id"])
    op.create_index("ix_score_overrides_client_created_at", "score_overrides", ["client", "created_at"])


def downgrade() -> None:
    op.drop_table("score_overrides")
    op.drop_column("scores", "purpose")
