"""By which channel an import came, how it was read, whom it is about; and what readers saw of each lake since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # What came before came as exports of the tax bureau, or described firms as registers do.
    op.add_column("imports", sa.Column("channel", sa.String(), nullable=False, server_default="government"))
    for name in ("connector", "enterprise"):
        op.add_column("imports", sa.Column(name, sa.String(), nullable=True))
    op.create_table(
        "lake_steps",
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("known_at", Utc(timezone=True), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "known_at", name="pk_lake_steps"),
    )
    # Of what came before, each row knows its time and no step does: the first step is open to the past.
    op.execute(
        "INSERT INTO lake_steps (dataset, known_at, lake_version, records) "
        "SELECT 'invoices', '1970-01-01 00:00:00+00:00', lake_version, invoices FROM book WHERE lake_version > 0"
    )


def downgrade() -> None:
    op.drop_table("lake_steps")
    for name in ("channel", "connector", "enterprise"):
        op.drop_column("imports", name)
