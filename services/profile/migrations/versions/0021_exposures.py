"""Books of exposures, and alerts that are about one of them: its client's alone, with the path."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json, Utc

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "exposure_books",
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=False),
        sa.Column("stated_at", Utc(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client", name="pk_exposure_books"),
    )
    op.create_table(
        "exposures",
        sa.Column("client", sa.String(length=128), nullable=False),
        sa.Column("enterprise", sa.String(length=80), nullable=False),
        sa.Column("exposure_fen", sa.BigInteger(), nullable=False),
        sa.Column("lgd", sa.Double(), nullable=False),
        sa.Column("pd", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["exposure_books.client"], name="fk_exposures_client"),
        sa.PrimaryKeyConstraint("client", "enterprise", name="pk_exposures"),
    )
    op.add_column("alerts", sa.Column("client", sa.String(length=128), nullable=True))
    op.add_column("alerts", sa.Column("path", Json(), nullable=True))


def downgrade() -> None:
    # An alert about one client's book would be shown to others.
    alerts = sa.table("alerts", sa.column("id"), sa.column("client"))
    notes = sa.table("alert_acknowledgements", sa.column("alert"))
    own = sa.select(alerts.c.id).where(alerts.c.client.is_not(None))
    op.execute(sa.delete(notes).where(notes.c.alert.in_(own)))
    op.execute(sa.delete(alerts).where(alerts.c.client.is_not(None)))
    op.drop_column("alerts", "path")
    op.drop_column("alerts", "client")
    op.drop_table("exposures")
    op.drop_table("exposure_books")
