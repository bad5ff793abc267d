"""The ledger names to whom something was given apart from who acted.

Stored features go, as they spell their moments in another way; they are computed anew when they are read.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("ledger_entries", sa.Column("grantee", sa.String(length=128), nullable=True))
    op.create_index("ix_ledger_entries_grantee_n", "ledger_entries", ["grantee", "n"])
    op.execute(sa.text("DELETE FROM feature_snapshots"))


def downgrade() -> None:
    op.drop_index("ix_ledger_entries_grantee_n", "ledger_entries")
    op.drop_column("ledger_entries", "grantee")
