"""People who sign in to the portal, their sessions, and the attempts that count against guessing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("password", sa.String(200), nullable=True),
        sa.Column("invitation", sa.LargeBinary(32), nullable=True),
        sa.Column("invited_until", Utc(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("disabled_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.ForeignKeyConstraint(["client"], ["clients.id"], name="fk_people_client"),
        sa.UniqueConstraint("login", name="uq_people_login"),
        sa.UniqueConstraint("invitation", name="uq_people_invitation"),
    )
    op.create_index("ix_people_client", "people", ["client"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sessions_person"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "attempts",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_attempts"),
    )
    op.create_index("ix_attempts_ends_at", "attempts", ["ends_at"])


def downgrade() -> None:
    op.drop_table("attempts")
    op.drop_table("sessions")
    op.drop_table("people")
