"""Alerts about a client's book rest on no other lender's word any more: those that may are withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    alerts = sa.table(
        "alerts",
        sa.column("client", sa.String()),
        sa.column("records", Json),
        sa.column("withdrawn_at", Utc(timezone=True)),
    )
    rests = sa.cast(alerts.c.records, sa.Text()).like('%"outcomes"%')
    told = sa.update(alerts).where(alerts.c.client.is_not(None), alerts.c.withdrawn_at.is_(None), rests)
    op.execute(told.values(withdrawn_at=datetime.now(UTC)))


def downgrade() -> None:
    """Leave them withdrawn: the next look at the book tells anew what it may."""
