"""Second factors of people: passkeys, apps that make codes, recovery codes, first steps of signing in, the record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0007"
down_revision = "0006"

MOMENT = Utc(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("factor", sa.String(16), nullable=True))
        sessions.add_column(sa.Column("proved_at", MOMENT, nullable=True))
    _of_person(
        "sign_in_steps",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    _of_person(
        "passkeys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.UniqueConstraint("credential", name="uq_passkeys_credential"),
    )
    _of_person(
        "totp",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.UniqueConstraint("person", name="uq_totp_person"),
        indexed=False,
    )
    _of_person(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        key="digest",
    )
    _of_person(
        "factor_events",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("factor", sa.String(16), nullable=True),
        sa.Column("name", sa.String(60), nullable=True),
        sa.Column("session", sa.String(32), nullable=True),
        sa.Column("seen_at", MOMENT, nullable=True),
        moment="at",
    )
    op.create_index("ix_factor_events_at", "factor_events", ["at"])


def downgrade() -> None:
    for table in ("factor_events", "recovery_codes", "totp", "passkeys", "sign_in_steps"):
        op.drop_table(table)
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("proved_at")
        sessions.drop_column("factor")


def _of_person(
    table: str,
    *columns: sa.Column[object] | sa.UniqueConstraint,
    key: str = "id",
    moment: str = "created_at",
    indexed: bool = True,
) -> None:
    """Make a table of which each row is a person's, from a moment on."""
    op.create_table(
        table,
        *columns,
        sa.Column("person", sa.String(32), nullable=False),
        sa.Column(moment, MOMENT, nullable=False),
        sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=f"fk_{table}_person"),
    )
    if indexed:
        op.create_index(f"ix_{table}_person", table, ["person"])
