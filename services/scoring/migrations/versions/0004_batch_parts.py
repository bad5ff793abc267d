"""Scores of a batch as columns, a part of some thousand in one blob, and where an enterprise is found in them.

Batches that were stored with a row a score stay as they are and are read as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import NAMING, Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A score of a batch has no row of its own any more that an override could point at.
OVERRIDDEN = "fk_score_overrides_score_scores"


def upgrade() -> None:
    op.create_table(
        "score_batch_parts",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("shadow", sa.String()),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", Utc(), nullable=False),
        sa.Column("base_points", sa.Double(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "number", name="pk_score_batch_parts"),
        sa.ForeignKeyConstraint(["batch"], ["score_batches.id"], name="fk_score_batch_parts_batch_score_batches"),
        sa.ForeignKeyConstraint(["model"], ["models.version"], name="fk_score_batch_parts_model_models"),
        sa.ForeignKeyConstraint(["shadow"], ["models.version"], name="fk_score_batch_parts_shadow_models"),
        sa.UniqueConstraint("head", name="uq_score_batch_parts_head"),
    )
    op.create_index("ix_score_batch_parts_model_created_at", "score_batch_parts", ["model", "created_at"])
    op.create_index("ix_score_batch_parts_shadow", "score_batch_parts", ["shadow"])
    op.create_table(
        "score_batch_index",
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "batch", name="pk_score_batch_index"),
        sa.ForeignKeyConstraint(["batch"], ["score_batches.id"], name="fk_score_batch_index_batch_score_batches"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Numbers hardly compress, and trying to takes longer than writing them.
        op.execute("ALTER TABLE score_batch_parts ALTER COLUMN body SET STORAGE EXTERNAL")
    with op.batch_alter_table("score_overrides", naming_convention=NAMING) as overrides:
        overrides.drop_constraint(OVERRIDDEN, type_="foreignkey")


def downgrade() -> None:
    # The scores of batches go with their parts, and the grades beside them too.
    op.execute("DELETE FROM score_overrides WHERE score NOT IN (SELECT id FROM scores)")
    with op.batch_alter_table("score_overrides", naming_convention=NAMING) as overrides:
        overrides.create_foreign_key(OVERRIDDEN, "scores", ["score"], ["id"])
    op.drop_table("score_batch_index")
    op.drop_table("score_batch_parts")
