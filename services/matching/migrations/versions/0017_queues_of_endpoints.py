"""The queue of messages is the endpoint's: numbers, failures, who sends to it; a second secret; a filter of events.

Messages that are over get the numbers that they would have had; those that wait get theirs when they are looked at,
and are tried at once. The secrets are sealed by the command that migrates, which has the key (`seal_secrets.py`).

Processes of the release before work beside us while the suite is exchanged. What they read and write stays, with values
that rows of ours may go without: `enabled` of endpoints and `due_at` of messages go in a later release.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0017"
down_revision = "0016"

TABLE, MESSAGES = "webhook_endpoints", "webhook_deliveries"
ADDED: dict[str, sa.types.TypeEngine[Any]] = {
    "former_secret": sa.String(),
    "former_until": Utc(timezone=True),
    "events": Json(),
    "due_at": Utc(timezone=True),
    "holder": sa.String(),
    "leased_until": Utc(timezone=True),
    "put_aside": sa.String(),
    "put_aside_at": Utc(timezone=True),
    "delivered_at": Utc(timezone=True),
}
COUNTED = ("sequence", "failures")
LONG_AGO = "2000-01-01 00:00:00.000000"
INDEXES = {
    "ix_webhook_deliveries_state_endpoint_sequence": ["state", "endpoint", "sequence"],
    "ix_webhook_deliveries_endpoint_id": ["endpoint", "id"],
}
NUMBERED = """
UPDATE webhook_deliveries SET sequence = counted.place FROM (
  SELECT id, row_number() OVER (PARTITION BY endpoint ORDER BY id) AS place
  FROM webhook_deliveries WHERE state <> 'pending'
) AS counted WHERE counted.id = webhook_deliveries.id
"""
COUNT = """
UPDATE webhook_endpoints SET
  sequence = (SELECT count(*) FROM webhook_deliveries WHERE endpoint = webhook_endpoints.id AND state <> 'pending'),
  delivered_at = (SELECT max(delivered_at) FROM webhook_deliveries WHERE endpoint = webhook_endpoints.id)
"""


def upgrade() -> None:
    for name, kind in ADDED.items():
        op.add_column(TABLE, sa.Column(name, kind, nullable=True))
    for name in COUNTED:
        op.add_column(TABLE, sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(MESSAGES, sa.Column("sequence", sa.BigInteger(), nullable=True))
    for name, columns in INDEXES.items():
        op.create_index(name, MESSAGES, columns)
    op.execute(NUMBERED)
    op.execute(COUNT)
    # Only a receiver that said that it was gone was ever disabled.
    op.execute("UPDATE webhook_endpoints SET put_aside = 'gone', put_aside_at = created_at WHERE NOT enabled")
    op.execute(
        "UPDATE webhook_deliveries SET state = 'failed' WHERE state = 'pending' AND endpoint IN "
        "(SELECT id FROM webhook_endpoints WHERE put_aside IS NOT NULL)"
    )
    op.drop_index("ix_webhook_deliveries_state_due_at", MESSAGES)
    # Made anew, since SQLite changes no column. A message without a moment is none that a process of before sends.
    op.drop_column(MESSAGES, "due_at")
    op.add_column(MESSAGES, sa.Column("due_at", Utc(timezone=True), nullable=True))
    op.drop_column(TABLE, "enabled")
    op.add_column(TABLE, sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE webhook_endpoints SET enabled = (put_aside IS NULL)")


def downgrade() -> None:
    op.drop_column(TABLE, "enabled")
    op.drop_column(MESSAGES, "due_at")
    op.add_column(TABLE, sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE webhook_endpoints SET enabled = (put_aside IS NULL)")
    op.add_column(MESSAGES, sa.Column("due_at", Utc(timezone=True), nullable=False, server_default=LONG_AGO))
    op.execute("UPDATE webhook_deliveries SET due_at = created_at")
    for name in INDEXES:
        op.drop_index(name, MESSAGES)
    op.drop_column(MESSAGES, "sequence")
    for name in (*ADDED, *COUNTED):
        op.drop_column(TABLE, name)
    op.create_index("ix_webhook_deliveries_state_due_at", MESSAGES, ["state", "due_at"])
