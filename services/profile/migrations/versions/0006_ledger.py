"""The ledger: what was entered, the tree over it, and its head."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("n", name="pk_ledger_entries"),
    )
    op.create_index("ix_ledger_entries_subject_n", "ledger_entries", ["subject", "n"])
    op.create_index("ix_ledger_entries_actor_n", "ledger_entries", ["actor", "n"])
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_ledger_nodes"),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "peaks": b""}])
    # Reads from before there was a ledger have no entry.
    op.add_column("accesses", sa.Column("ledger_entry", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("accesses", "ledger_entry")
    for table in ("ledger_nodes", "ledger_entries", "ledger_head"):
        op.drop_table(table)
