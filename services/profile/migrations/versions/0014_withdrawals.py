"""Imports that were taken back, and which imports repeated the rows of which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "book_withdrawals",
        sa.Column("import_id", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("asked_at", Utc(timezone=True), nullable=False),
        sa.Column("at", Utc(timezone=True), nullable=True),
        sa.Column("told", Json(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_book_withdrawals_import_id_imports"),
        sa.PrimaryKeyConstraint("import_id", name="pk_book_withdrawals"),
    )
    op.create_table(
        "book_repeats",
        sa.Column("import_id", sa.String(length=40), nullable=False),
        sa.Column("repeated", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "repeated", name="pk_book_repeats"),
    )
    op.create_index("ix_book_repeats_repeated", "book_repeats", ["repeated"])


def downgrade() -> None:
    op.drop_table("book_repeats")
    op.drop_table("book_withdrawals")
