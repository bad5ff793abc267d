"""The ledger names to whom something was given apart from who acted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("ledger_entries", sa.Column("grantee", sa.String(length=128), nullable=True))
    op.create_index("ix_ledger_entries_grantee_n", "ledger_entries", ["grantee", "n"])


def downgrade() -> None:
    op.drop_index("ix_ledger_entries_grantee_n", "ledger_entries")
    op.drop_column("ledger_entries", "grantee")
